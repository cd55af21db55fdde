from datetime import date
from pathlib import Path

import polars as pl
import pytest

from kit.data import Columns, FeatureEncoder, open_source, read_new_items, title_column
from kit.errors import UserError
from tests.data.files import delimited, grid, write


@pytest.fixture
def source(tmp_path: Path) -> str:
    return write(tmp_path / "a.csv", grid(3, 3))


def items_of(tmp_path: Path, source: str, *rows: str) -> pl.DataFrame:
    file = write(tmp_path / "items.csv", delimited(*rows))
    items = open_source(source, items=file).items
    assert items is not None
    return items


def test_numbers_become_numbers_and_codes_stay_text(tmp_path: Path, source: str) -> None:
    items = items_of(
        tmp_path, source, "item_id year price zip kind", "i0 1995 1.5 02139 a", "i1 1996 2 10001 b"
    )
    assert list(items.schema.items()) == [
        ("item_id", pl.String),
        ("year", pl.Int64),
        ("price", pl.Float64),
        ("zip", pl.String),
        ("kind", pl.String),
    ]


def test_every_feature_is_text_a_number_or_a_boolean(tmp_path: Path, source: str) -> None:
    table = {
        "item_id": ["i0", "i1"],
        "tags": [["a", "b"], []],
        "day": [date(1970, 1, 2), None],
        "kind": pl.Series(["x", "y"], dtype=pl.Enum(["x", "y"])),
        "shape": [{"w": 1}, {"w": 2}],
        "new": [True, False],
    }
    pl.DataFrame(table).write_parquet(tmp_path / "items.parquet")
    items = open_source(source, items=str(tmp_path / "items.parquet")).items
    assert items is not None
    assert items.row(0) == ("i0", "a b", 86_400, "x", "{1}", True)
    assert items.row(1) == ("i1", "", None, "y", "{2}", False)


def test_both_tables_are_joined(tmp_path: Path, source: str) -> None:
    items = write(tmp_path / "items.csv", delimited("movieId:token title", "i1 Heat"))
    users = write(tmp_path / "users.tsv", delimited("id age", "u0 5", "u9 6", separator="\t"))
    opened = open_source(source, items=items, users=users)
    assert opened.items is not None
    assert opened.users is not None
    assert opened.items.rows(named=True) == [{"item_id": "i1", "title": "Heat"}]
    assert opened.users["user_id"].to_list() == ["u0", "u9"]


def test_the_name_of_the_interactions_goes_first(tmp_path: Path) -> None:
    source = write(tmp_path / "a.csv", grid(2, 2).replace("item_id", "thing"))
    items = write(tmp_path / "items.csv", delimited("item_id thing", "0 i0", "0 i1"))
    opened = open_source(source, columns=Columns(item="thing"), items=items)
    assert opened.items is not None
    assert opened.items["item_id"].to_list() == ["i0", "i1"]
    assert opened.items["item_id_feature"].to_list() == [0, 0]


def test_an_item_twice_is_an_error(tmp_path: Path, source: str) -> None:
    with pytest.raises(UserError, match=r"'i0'(.|\n)*items\.csv, column item_id, row 4"):
        items_of(tmp_path, source, "item_id year", "i0 1", "i1 2", "i0 3")


def test_a_table_without_item_column(tmp_path: Path, source: str) -> None:
    with pytest.raises(UserError, match=r"'item_id'(.|\n)*items\.csv(.|\n)*name, year"):
        items_of(tmp_path, source, "name year", "i0 1")


def test_a_table_of_other_items(tmp_path: Path, source: str) -> None:
    with pytest.raises(UserError, match=r"No item(.|\n)*items\.csv(.|\n)*like 'i0', found.*'z0'"):
        items_of(tmp_path, source, "item_id year", "z0 1")


def test_rows_without_item_are_counted(tmp_path: Path, source: str) -> None:
    file = write(tmp_path / "items.csv", "item_id,year\ni0,1\n,2\n")
    opened = open_source(source, items=file)
    assert [(step.name, step.rows) for step in opened.cleaning] == [
        ("rows of items.csv without item", 1)
    ]


@pytest.mark.parametrize(
    ("columns", "title"),
    [
        (["item_id", "description", "title"], "title"),
        (["item_id", "movie_title:token_seq", "genres"], "movie_title:token_seq"),
        (["item_id", "Name"], "Name"),
        (["item_id", "genres"], None),
    ],
)
def test_the_title_is_found(columns: list[str], title: str | None) -> None:
    assert title_column(pl.DataFrame({column: ["x"] for column in columns})) == title


def test_a_title_is_text() -> None:
    assert title_column(pl.DataFrame({"item_id": ["x"], "name": [1]})) is None
    assert title_column(None) is None


KNOWN = pl.DataFrame({"item_id": ["a", "b"], "title": ["red cup", "red mug"], "price": [1.0, 3.0]})


@pytest.fixture
def encoder():
    return FeatureEncoder.fit(KNOWN, key="item_id")


def test_columns_the_file_lacks_are_null(tmp_path, encoder):
    file = tmp_path / "new.csv"
    file.write_text("sku,title,extra\nx,Red pot,1\ny,,2\n")
    table, dropped, _ = read_new_items(file, encoder, item_column="sku")
    assert table["item_id"].to_list() == ["x", "y"]
    assert table["price"].null_count() == 2
    assert dropped == []
    encoded = encoder.encode(table)
    assert (encoded.tokens > 0).sum(axis=1).tolist() == [1, 0]
    assert encoded.numbers.tolist() == [[0.0], [0.0]]


def test_rows_without_an_id_are_counted(tmp_path, encoder):
    file = tmp_path / "new.csv"
    file.write_text("item_id,title\nx,Red pot\n,Red pan\n")
    table, dropped, _ = read_new_items(file, encoder)
    assert (len(table), [step.rows for step in dropped]) == (1, [1])


def test_a_file_without_a_known_feature_is_refused(tmp_path, encoder):
    file = tmp_path / "new.csv"
    file.write_text("item_id,colour\nx,red\n")
    with pytest.raises(UserError, match=r"none of the features(.|\n)*title, price"):
        read_new_items(file, encoder)


def test_new_items_are_read_as_the_model_knows_their_columns(tmp_path, encoder):
    file = tmp_path / "new.csv"
    file.write_text("item_id,title,price\n x\u00a0,1984,$2\ny,007,NA\n")
    table, _, notes = read_new_items(file, encoder)
    assert table.rows() == [("x", "1984", 2.0), ("y", "007", None)]
    assert notes == []


def test_a_new_item_without_a_number_is_refused_with_its_row(tmp_path, encoder):
    file = tmp_path / "new.csv"
    file.write_text("item_id,title,price\nx,a,1\ny,b,cheap\n")
    with pytest.raises(UserError, match=r"price is a number to the model, and 'cheap'") as raised:
        read_new_items(file, encoder)
    assert raised.value.where.endswith("new.csv, row 3")
