from pathlib import Path

import polars as pl
import pytest
import tensorflow_datasets as tfds

import kit.data.online_retail as online_retail
from scripts.builtin.online_retail import OUTPUT, clean
from tests.data.files import SHARED

FEW = 300


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set prepared by plain TFDS, its first rows only, to be quick."""
    folder = tmp_path_factory.mktemp("tfds")
    few = tfds.download.DownloadConfig(max_examples_per_split=FEW)
    with pytest.MonkeyPatch.context() as environment:
        # TFDS asks its bucket first; this spares it the search for credentials.
        environment.setenv("NO_GCE_CHECK", "true")
        tfds.load(
            "online_retail",
            data_dir=folder,
            download_and_prepare_kwargs={"download_config": few},
        )
    return folder


def test_plain_tfds_load_gives_the_rows_in_order(data_dir: Path) -> None:
    rows, info = tfds.load("online_retail", data_dir=data_dir, split="train", with_info=True)
    assert isinstance(tfds.builder("online_retail", data_dir=data_dir), online_retail.OnlineRetail)
    assert info.splits["train"].num_examples == FEW
    assert "CC BY 4.0" in info.description
    example = next(iter(tfds.as_numpy(rows.take(1))))
    assert example == {
        "customer_id": b"17850",
        "stock_code": b"85123A",
        "description": b"WHITE HANGING HEART T-LIGHT HOLDER",
        "quantity": 6,
        "unit_price": pytest.approx(2.55),
        "invoice_date": 1_291_191_960,
        "country": b"United Kingdom",
    }


def test_once_prepared_no_import_is_needed(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What a process finds that never imported the builder, without starting one.
    monkeypatch.delitem(tfds.core.registered._DATASET_REGISTRY, "online_retail")
    rows = tfds.load("online_retail", data_dir=data_dir, split="train")
    assert len(rows) == FEW
    builder = tfds.builder("online_retail", data_dir=data_dir)
    assert not isinstance(builder, online_retail.OnlineRetail)


def test_the_rule_on_hand_made_lines() -> None:
    columns = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice"]
    columns += ["CustomerID", "Country"]
    day = "2010-12-01 08:26:00"
    lines = [
        ("1", "85123a", "hanger ", "6", "2010-12-02 08:26:00", "2.55", "7", "UK"),
        ("2", "85123A", "HANGER", "1", day, "2.55", "8", "UK"),
        ("3", "85123A", "HANGER", "1", day, "2.55", "9", "UK"),
        ("C4", "85123A", "HANGER", "-6", day, "2.55", "7", "UK"),
        ("5", "85123A", "HANGER", "6", day, "2.55", None, "UK"),
        ("6", "85123A", "HANGER", "0", day, "2.55", "7", "UK"),
        *[("7", code, "?", "1", day, "2.55", "7", "UK") for code in ("POST", "M", "C2", "PADS")],
    ]
    rows, dropped = clean(pl.DataFrame(lines, schema=columns, orient="row"))
    assert dropped == {
        "cancellations": 1,
        "rows without customer": 1,
        "rows of no quantity": 1,
        "codes that are not products": 4,
    }
    assert rows["customer_id"].to_list() == [8, 9, 7]
    assert rows["stock_code"].to_list() == ["85123A"] * 3
    assert rows["description"].to_list() == ["HANGER"] * 3


def test_the_shipped_file_follows_from_the_raw_data() -> None:
    raw = SHARED / "online-retail" / "online_retail.csv.gz"
    if not raw.exists():
        pytest.skip("the raw file of 7 MB is not shipped; it is read from ../shared")
    rows, _ = clean(pl.read_csv(raw, infer_schema=False))
    assert rows.equals(pl.read_parquet(OUTPUT))


def test_the_shipped_file_is_small() -> None:
    assert OUTPUT.stat().st_size < 3_000_000
