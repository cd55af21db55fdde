import json
from pathlib import Path

import pytest

from kit.data import Feature, Schema, schema_from
from kit.data._schema import check_columns, read_schema, without_history
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
