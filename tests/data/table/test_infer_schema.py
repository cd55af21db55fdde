from datetime import date

import polars as pl
import pytest

from kit.data.table import Feature, infer_schema, is_id_name

ROWS = 60


def kind(name, values):
    schema = infer_schema(pl.DataFrame({name: values}))
    return schema.features[0].kind if schema.features else schema.left_out[name]


def repeated(*values):
    return [values[n % len(values)] for n in range(ROWS)]


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("price", [f"{n / 7}" for n in range(ROWS)], "number"),
        ("price", repeated("1", "2", "", "NA"), "category"),
        ("price", [str(n) for n in range(ROWS)], "number"),
        ("price", repeated(1.5, 2.0, float("inf")), "number"),
        ("zip", repeated("02139", "10115"), "category"),
        ("ad_id", [str(n // 2) for n in range(ROWS)], "id"),
        ("movieId", repeated(11, 12), "id"),
        ("city", repeated("Rome", "Oslo"), "category"),
        ("is_new", repeated(True, False), "category"),
        ("when", [date(2024, 1, 1 + n % 28) for n in range(ROWS)], "number"),
        ("tags", repeated("a|b", "b", "c", "a|c", "d|a"), "list"),
        ("tags", repeated('["a"]', '["b", "c"]'), "list"),
        ("tags", repeated(["a"], ["b", "c"]), "list"),
        ("title", [f"The story of number {n % 55}" for n in range(ROWS)], "text"),
        ("when", repeated("2024-01-01", "2024-01-02 10:00"), "dates; --time-column names the one"),
        ("key", [f"k{n}" for n in range(ROWS)], "a value of its own in every row"),
        ("one", repeated("x"), "one value in all rows"),
        ("sometimes", repeated("x", None), "category"),
        ("none", [None] * ROWS, "no value in any row"),
        ("deep", repeated({"a": 1}, {"a": 2}), "values of type Struct"),
    ],
)
def test_the_kind_follows_from_name_and_values(name, values, expected):
    assert kind(name, values).startswith(expected)


def test_a_list_of_items_shares_the_table_of_the_item():
    rows = pl.DataFrame(
        {
            "item_id": ["a", "b", "c", "a"],
            "history": ["b|c", "a", "a|b", "c"],
            "user_id": [1, 2, 1, 2],
        }
    )
    assert infer_schema(rows).features[1] == Feature("history", "list", table="item_id")


def test_names_of_ids():
    assert all(map(is_id_name, ["user", "item_id", "campaignId", "ids", "session-id"]))
    assert not any(map(is_id_name, ["paid", "idle", "kids", "grid", "price"]))
