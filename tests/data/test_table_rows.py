import polars as pl
import pytest

from kit.data import read_table
from kit.errors import UserError
from tests.data.files import delimited, write


def test_a_folder_of_parts_is_one_frame_and_rows_keep_their_place(tmp_path):
    write(tmp_path / "train.csv.gz", delimited("a:token label", "x 1", "y 0"))
    write(tmp_path / "test.csv.gz", delimited("label a:token", "1 z"))
    rows = read_table(str(tmp_path))
    assert rows.frame.rows() == [("x", "1"), ("y", "0"), ("z", "1")]
    assert rows.frame.columns == ["a", "label"]
    assert rows.part is not None
    assert rows.part.to_list() == ["train", "train", "test"]
    assert rows.locate(1) == f"{tmp_path / 'train.csv.gz'}, row 3"
    assert rows.locate(2) == f"{tmp_path / 'test.csv.gz'}, row 2"


def test_jsonl_and_parquet_keep_lists(tmp_path):
    file = write(tmp_path / "a.jsonl", '{"tags": ["a", "b"], "y": 1}\n{"tags": [], "y": 0}\n')
    assert read_table(file).frame["tags"].to_list() == ['["a", "b"]', "[]"]
    pl.DataFrame({"tags": [["a"], []]}).write_parquet(tmp_path / "a.parquet")
    assert read_table(str(tmp_path / "a.parquet")).frame["tags"].to_list() == [["a"], []]


def test_files_of_other_columns_are_refused(tmp_path):
    write(tmp_path / "1.csv", delimited("a y", "x 1"))
    write(tmp_path / "2.csv", delimited("a z", "x 1"))
    with pytest.raises(UserError, match="different columns: y, z"):
        read_table(str(tmp_path))


def test_files_of_other_types_are_refused(tmp_path):
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "1.parquet")
    pl.DataFrame({"a": [["x"]]}).write_parquet(tmp_path / "2.parquet")
    with pytest.raises(UserError, match="columns of different types"):
        read_table(str(tmp_path))


def test_built_in_data():
    coupon = read_table("in-vehicle-coupon")
    assert coupon.frame.shape == (12_684, 26)
    assert round(coupon.frame["Y"].mean(), 3) == 0.568
    assert "CC BY 4.0" in coupon.licence
    retail = read_table("online-retail")
    assert retail.frame.columns == ["user_id", "item_id", "time", "title", "price"]


@pytest.mark.parametrize(("name", "meant"), [("in-vehicle-coupn", "in-vehicle-coupon"), ("x", "")])
def test_a_name_nobody_knows(name, meant):
    with pytest.raises(UserError, match="no file, folder or built-in data set") as raised:
        read_table(name)
    assert raised.value.remedy == (f"Did you mean {meant}?" if meant else "Check the name.")
