import json

import polars as pl
import pytest
import tensorflow_datasets as tfds

from kit.data import read_text
from kit.data.text2text import open_text2text
from scripts.builtin import scitldr_part as scitldr
from scripts.builtin import tatoeba_eng_fra_part as tatoeba
from tests.data.files import SHARED

FEW = 20


@pytest.mark.parametrize("name", ["tatoeba-eng-fra-part", "scitldr-part"])
def test_the_builders_give_the_same_pairs(tmp_path, monkeypatch, name):
    # TFDS asks its bucket first; this spares it the search for credentials.
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    few = tfds.download.DownloadConfig(max_examples_per_split=FEW)
    plain = name.replace("-", "_")
    __import__(f"kit.data.{plain}")  # registers the builder
    builder = tfds.builder(plain, data_dir=str(tmp_path), file_format="tfrecord")
    builder.download_and_prepare(download_config=few)
    rows, built_in = open_text2text(f"tfds:{plain}"), open_text2text(name)
    assert rows.names == built_in.names
    assert list(rows.sources)[:FEW] == list(built_in.sources)[:FEW]
    assert list(rows.targets)[:FEW] == list(built_in.targets)[:FEW]
    assert (rows.parts is None) == (built_in.parts is None)


def test_the_shipped_pairs_follow_from_the_raw_file():
    raw = SHARED / "tatoeba-eng-fra" / "fra.txt.xz"
    if not raw.exists():
        pytest.skip("the raw file is not shipped; it is read from ../shared")
    lines = read_text(raw).decode().splitlines()
    assert tatoeba.part_of(lines).equals(pl.read_parquet(tatoeba.OUTPUT))


def test_the_shipped_summaries_follow_from_the_raw_files():
    raw = SHARED / "scitldr"
    if not raw.exists():
        pytest.skip("the raw files are not shipped; they are read from ../shared")
    frames = []
    for name, part in (("train", "train"), ("dev", "test")):
        lines = read_text(raw / f"{name}.jsonl.gz").decode().splitlines()
        frames.append(scitldr.part_of([json.loads(line) for line in lines], part))
    assert pl.concat(frames).equals(pl.read_parquet(scitldr.OUTPUT))


def test_the_shipped_files_are_small():
    assert tatoeba.OUTPUT.stat().st_size < 500_000
    assert scitldr.OUTPUT.stat().st_size < 1_000_000
