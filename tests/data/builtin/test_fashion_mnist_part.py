import numpy as np
import polars as pl
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from kit.data.images import open_images
from scripts.builtin.fashion_mnist_part import OUTPUT, part_of
from tests.data.files import SHARED

FEW = 20


def test_the_builder_gives_the_same_images(tmp_path, monkeypatch):
    # TFDS asks its bucket first; this spares it the search for credentials.
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    few = tfds.download.DownloadConfig(max_examples_per_split=FEW)
    import kit.data.fashion_mnist_part  # noqa: F401  (registers the builder)

    builder = tfds.builder("fashion_mnist_part", data_dir=str(tmp_path), file_format="tfrecord")
    builder.download_and_prepare(download_config=few)
    source = open_images("tfds:fashion_mnist_part")
    built_in = open_images("fashion-mnist-part")
    assert source.parts == ["train"] * FEW + ["test"] * FEW
    assert source.labels[:FEW] == built_in.labels[:FEW]
    assert source.names[1] == "tfds:fashion_mnist_part, train 1"
    pixels = tf.io.decode_png(source.contents[3])
    np.testing.assert_array_equal(pixels, built_in.contents[3])


def test_the_shipped_file_follows_from_the_raw_data():
    raw = SHARED / "fashion-mnist"
    if not raw.exists():
        pytest.skip("the raw files are not shipped; they are read from ../shared")
    assert part_of(str(raw)).equals(pl.read_parquet(OUTPUT))


def test_the_shipped_file_is_small():
    assert OUTPUT.stat().st_size < 3_100_000
