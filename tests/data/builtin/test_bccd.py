import numpy as np
import polars as pl
import pytest
import tensorflow_datasets as tfds

from kit.data.detection import open_detection
from scripts.builtin.bccd import OUTPUT, part_of_it
from tests.data.files import SHARED


def test_the_builder_gives_the_same_images(tmp_path, monkeypatch):
    # TFDS asks its bucket first; this spares it the search for credentials.
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    few = tfds.download.DownloadConfig(max_examples_per_split=4)
    import kit.data.bccd  # noqa: F401  (registers the builder)

    builder = tfds.builder("bccd", data_dir=str(tmp_path), file_format="tfrecord")
    builder.download_and_prepare(download_config=few)
    found, built_in = open_detection("tfds:bccd"), open_detection("bccd")
    assert "MIT License" in built_in.licence
    assert found.classes == built_in.classes
    assert found.repairs == []
    ours = {one.name: (part, one) for part, one in built_in.images}
    assert len(found.images) == 8
    for part, one in found.images:
        assert part == ours[one.name][0]
        assert one.encoded() == ours[one.name][1].encoded()
        np.testing.assert_allclose(one.boxes, ours[one.name][1].boxes, atol=1e-3)
        assert one.labels.tolist() == ours[one.name][1].labels.tolist()


def test_the_shipped_file_follows_from_the_data_set():
    folder = SHARED / "bccd"
    if not folder.exists():
        pytest.skip("the data set is not shipped; it is read from ../shared")
    made, shipped = part_of_it(folder), pl.read_parquet(OUTPUT)
    # Another version of the encoder may write other bytes.
    assert made.drop("image").equals(shipped.drop("image"))


def test_the_shipped_file_is_small_and_all_its_boxes_are_good():
    assert OUTPUT.stat().st_size < 600_000
    found = open_detection("bccd")
    assert found.repairs == []
    assert sum(len(one.boxes) for _, one in found.images) == 838
