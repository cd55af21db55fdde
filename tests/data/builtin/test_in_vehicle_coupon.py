import polars as pl
import pytest
import tensorflow_datasets as tfds

from kit.data.table import open_ranking
from scripts.builtin.in_vehicle_coupon import OUTPUT, clean
from tests.data.files import SHARED

FEW = 50


def test_the_builder_gives_the_same_table(tmp_path, monkeypatch):
    # TFDS asks its bucket first; this spares it the search for credentials.
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    few = tfds.download.DownloadConfig(max_examples_per_split=FEW)
    import kit.data.in_vehicle_coupon  # noqa: F401  (registers the builder)

    builder = tfds.builder("in_vehicle_coupon", data_dir=str(tmp_path), file_format="tfrecord")
    builder.download_and_prepare(download_config=few)
    rows = open_ranking("tfds:in_vehicle_coupon")
    built_in = open_ranking("in-vehicle-coupon")
    assert "CC BY 4.0" in built_in.licence
    for name in ("coupon", "age", "temperature"):
        assert rows.features[name].to_list() == built_in.features[name][:FEW].to_list()


def test_the_shipped_file_follows_from_the_raw_data():
    raw = SHARED / "in-vehicle-coupon" / "in-vehicle-coupon-recommendation.csv.gz"
    if not raw.exists():
        pytest.skip("the raw file is not shipped; it is read from ../shared")
    assert clean(pl.read_csv(raw, infer_schema=False)).equals(pl.read_parquet(OUTPUT))


def test_another_file_is_refused():
    with pytest.raises(SystemExit, match="Expected the 26 columns"):
        clean(pl.DataFrame({"Y": ["1"]}))


def test_the_shipped_file_is_small():
    assert OUTPUT.stat().st_size < 100_000
