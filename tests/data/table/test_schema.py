import json
from datetime import date
from math import isnan
from pathlib import Path

import polars as pl
import pytest

from kit.data.table import (
    Feature,
    Schema,
    check_columns,
    read_schema,
    schema_from,
    typed,
    without_history,
)
from kit.data.table._schema import text
from kit.errors import UserError

SCHEMA = Schema(
    (Feature("item", "id"), Feature("price", "number"), Feature("history", "list", "item")),
    {"one": "one value in all rows"},
)


def test_what_is_printed_is_read_again(tmp_path):
    file = tmp_path / "schema.json"
    file.write_text(SCHEMA.as_json())
    assert read_schema(file, ["item", "price", "history"]) == SCHEMA
    assert schema_from(json.loads(SCHEMA.as_json()), where="") == SCHEMA


def test_a_history_that_is_made_later_may_stand_in_it():
    kept = without_history(SCHEMA, ["item", "price"])
    assert [feature.name for feature in kept.features] == ["item", "price"]
    assert without_history(SCHEMA, ["item", "price", "history"]) == SCHEMA


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "The schema is not JSON"),
        ("[]", "no list of features"),
        ('{"features": []}', "no list of features"),
        ('{"features": [{"name": "a", "kind": "word"}]}', "This is no feature"),
        ('{"features": [{"name": "a", "kind": "id", "kid": 1}]}', "This is no feature"),
        ('{"features": [{"name": "a", "kind": "id"}, {"name": "a", "kind": "id"}]}', "twice"),
        ('{"features": [{"name": "a", "kind": "list", "table": "b"}]}', "cannot share"),
        (
            '{"features": [{"name": "a", "kind": "number"},'
            '{"name": "b", "kind": "list", "table": "a"}]}',
            "cannot share",
        ),
        ('{"features": [{"name": "b", "kind": "id"}]}', "There is no column 'b'"),
    ],
)
def test_a_wrong_schema_is_refused_with_its_file(tmp_path, text, said):
    file = tmp_path / "schema.json"
    file.write_text(text)
    with pytest.raises(UserError, match=said) as raised:
        read_schema(file, ["a"])
    assert str(file) in raised.value.where


def test_no_file():
    with pytest.raises(UserError, match="cannot be read"):
        read_schema(Path("nowhere.json"), ["a"])


def test_a_column_the_data_lack_is_named():
    with pytest.raises(UserError, match="There is no column 'price'"):
        check_columns(SCHEMA, ["item", "history"], where="data.csv")


def place(row):
    return f"a.csv, row {row + 2}"


def test_ids_and_categories_are_text_whatever_they_were():
    assert text(pl.Series([3.0, 2.5, float("nan")])).to_list() == ["3", "2.5", None]
    assert text(pl.Series([3, None])).to_list() == ["3", None]
    assert text(pl.Series([True, False])).to_list() == ["true", "false"]
    assert text(pl.Series([" a\t", "", "  "])).to_list() == ["a", None, None]
    assert text(pl.Series([b"a"])).to_list() == ["a"]


def test_numbers_may_be_missing_in_many_ways_and_infinite_ones_are_counted():
    cells = pl.Series("x", ["1", " 2.5 ", "", None, "NaN", "NA", "?", "inf", "1e3", "-inf", "1e99"])
    values, infinite, notes = typed(cells, "number", place)
    assert values.dtype == pl.Float32
    assert infinite == 3
    assert notes == []
    found = [None if isnan(x) else x for x in values.to_list()]
    assert found == [1, 2.5, *[None] * 6, 1000, None, None]


def test_a_cell_that_is_no_number_is_named_with_its_row():
    with pytest.raises(UserError, match="'two' is no number") as raised:
        typed(pl.Series("x", ["1", "two"]), "number", place)
    assert raised.value.where == "a.csv, row 3"


def test_dates_are_seconds():
    values = typed(pl.Series("x", [date(1970, 1, 2)]), "number", place).values
    assert values.to_list() == [86_400]


def test_lists_come_as_cells_as_json_and_as_lists():
    cells = pl.Series("x", ["a|b", '["c", "d"]', "", None, "e", "|"])
    lists = typed(cells, "list", place).values
    assert lists.to_list() == [["a", "b"], ["c", "d"], None, None, ["e"], []]
    lists = typed(pl.Series("x", [[1, 2], [], [3, None]]), "list", place).values
    assert lists.to_list() == [["1", "2"], [], ["3"]]


@pytest.mark.parametrize("kind", ["id", "category", "text", "number"])
def test_lists_are_refused_where_one_value_is_expected(kind):
    with pytest.raises(UserError, match="holds lists"):
        typed(pl.Series("x", [["a"]]), kind, place)
