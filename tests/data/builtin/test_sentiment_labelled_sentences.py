from pathlib import Path

import polars as pl
import pytest
import tensorflow_datasets as tfds

from kit.data.texts import open_texts
from scripts.builtin.sentiment_labelled_sentences import FILES, OUTPUT, sentences
from tests.data.files import SHARED

FEW = 50


def test_the_builder_gives_the_same_texts(tmp_path, monkeypatch):
    # TFDS asks its bucket first; this spares it the search for credentials.
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    few = tfds.download.DownloadConfig(max_examples_per_split=FEW)
    import kit.data.sentiment_labelled_sentences  # noqa: F401  (registers the builder)

    builder = tfds.builder(
        "sentiment_labelled_sentences", data_dir=str(tmp_path), file_format="tfrecord"
    )
    builder.download_and_prepare(download_config=few)
    rows = open_texts("tfds:sentiment_labelled_sentences")
    built_in = open_texts("sentiment-labelled-sentences")
    assert "CC BY 4.0" in built_in.licence
    assert rows.texts == built_in.texts[:FEW]
    assert rows.labels == built_in.labels[:FEW]


def test_the_shipped_file_follows_from_the_raw_data():
    raw = SHARED / "sentiment-labelled-sentences"
    if not raw.exists():
        pytest.skip("the raw files are not shipped; they are read from ../shared")
    found = pl.concat(
        sentences(Path(raw, f"{name}.txt").read_text("utf-8"), site) for site, name in FILES.items()
    )
    assert found.equals(pl.read_parquet(OUTPUT))


def test_a_line_ends_with_a_newline_only():
    found = sentences(" one\x85two \t1\nthree\t\t0\n", "here")
    assert found["text"].to_list() == ["one\x85two", "three"]
    assert found["label"].to_list() == ["positive", "negative"]


def test_another_file_is_refused():
    with pytest.raises(SystemExit, match="not sentence, tab, 0 or 1"):
        sentences("no score\n", "here")


def test_the_shipped_file_is_small():
    assert OUTPUT.stat().st_size < 100_000
