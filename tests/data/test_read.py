from pathlib import Path

import polars as pl
import pytest

from kit.data import Columns, _table_formats, read_interactions
from kit.errors import UserError
from tests.data.files import delimited, write

ROWS = delimited("user_id item_id timestamp", "a x 5", "b y 6")
MORE = delimited("user_id item_id timestamp", "c z 7")


def read(path: Path | str, **named: str) -> pl.DataFrame:
    return read_interactions(Path(path), Columns(**named)).frame


def test_a_folder_is_read_in_order_of_names(tmp_path: Path) -> None:
    write(tmp_path / "2.csv", MORE)
    write(tmp_path / "1.csv.gz", ROWS)
    write(tmp_path / "README.txt", "no table")
    assert read(tmp_path)["user_id"].to_list() == ["a", "b", "c"]


def test_a_folder_may_mix_formats(tmp_path: Path) -> None:
    write(tmp_path / "1.csv", delimited("user_id item_id", "1 10"))
    write(tmp_path / "2.tsv", delimited("user_id item_id", "2 20", separator="\t"))
    write(tmp_path / "3.jsonl", '{"user_id": 3, "item_id": 30}\n')
    pl.DataFrame({"userId": [4.0], "itemId": [40]}).write_parquet(tmp_path / "4.parquet")
    assert read(tmp_path).rows() == [("1", "10"), ("2", "20"), ("3", "30"), ("4", "40")]


def test_train_valid_and_test_are_parts(tmp_path: Path) -> None:
    write(tmp_path / "test.csv", MORE)
    write(tmp_path / "train.csv.gz", ROWS)
    write(tmp_path / "validation.csv", MORE)
    write(tmp_path / "items.csv", "not,read\n")
    assert read(tmp_path)["part"].to_list() == ["train", "train", "valid", "test"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["train.csv"], "without its test part"),
        (["valid.csv", "test.csv"], "without its train part"),
        (["train.csv", "train.tsv", "test.csv"], r"the train part: train\.csv, train\.tsv"),
        (["notes.txt"], "no file of interactions"),
        ([], "no file of interactions"),
    ],
)
def test_folders_that_cannot_be_used(tmp_path: Path, files: list[str], message: str) -> None:
    for file in files:
        write(tmp_path / file, ROWS)
    with pytest.raises(UserError, match=rf"{message}(.|\n)*{tmp_path.name}"):
        read(tmp_path)


def test_a_bad_id_of_a_later_part_is_named_with_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_table_formats, "ROWS_AT_ONCE", 2)
    file = tmp_path / "a.parquet"
    pl.DataFrame({"user_id": [1.0, 2.0, 3.0, 4.5], "item_id": list("wxyz")}).write_parquet(file)
    with pytest.raises(UserError, match=r"4\.5(.|\n)*column user_id, row 4"):
        read(file)


def test_files_of_different_columns_are_named(tmp_path: Path) -> None:
    write(tmp_path / "1.csv", ROWS)
    write(tmp_path / "2.csv", delimited("user_id item_id", "c z"))
    message = r"1\.csv has a time column, 2\.csv has none(.|\n)*where: .*2\.csv"
    with pytest.raises(UserError, match=message):
        read(tmp_path)
    assert len(read(tmp_path, time="")) == 3


def test_a_file_without_user_is_named(tmp_path: Path) -> None:
    write(tmp_path / "1.csv", ROWS)
    write(tmp_path / "movies.csv", delimited("item_id title", "x Heat"))
    with pytest.raises(UserError, match=r"the user(.|\n)*movies\.csv"):
        read(tmp_path)


def test_ids_of_two_files_have_to_be_of_one_type(tmp_path: Path) -> None:
    pl.DataFrame({"user_id": [1], "item_id": [1]}).write_parquet(tmp_path / "1.parquet")
    pl.DataFrame({"user_id": [2], "item_id": ["2"]}).write_parquet(tmp_path / "2.parquet")
    with pytest.raises(UserError, match=r"mixed(.|\n)*2\.parquet, column item_id"):
        read(tmp_path)


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(UserError, match="Permission denied"):
        read(tmp_path)


def test_rows_are_counted_with_the_header(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", delimited("user_id item_id timestamp", "a x 5", "b y never"))
    with pytest.raises(UserError, match=r"'never'(.|\n)*a\.csv, column timestamp, row 3"):
        read(file)


def test_atomic_files_are_understood(tmp_path: Path) -> None:
    header = "user_id:token item_id:token rating:float timestamp:float"
    file = write(tmp_path / "ml.inter", delimited(header, "7 007 5 881250949.0", separator="\t"))
    rows = read_interactions(Path(file), Columns())
    assert rows.frame.rows() == [("7", "007", 881_250_949_000_000, 5.0)]
    assert rows.names["item"] == "item_id"
