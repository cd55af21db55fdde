import numpy as np
import polars as pl

from kit.data.table import Feature, Schema, TableEncoder

SCHEMA = Schema(
    (
        Feature("item", "id"),
        Feature("price", "number"),
        Feature("title", "text"),
        Feature("history", "list", "item"),
    ),
    {},
)
TRAIN = pl.DataFrame(
    {
        "item": ["a", "a", "b", "c", None],
        "price": pl.Series([1.0, None, 2.0, float("nan"), 3.0], dtype=pl.Float32),
        "title": ["Red cup", "red MUG!", None, "", "blue cup"],
        "history": [["b"], ["b", "b", "d"], [], None, ["a", "c", "b"]],
    }
)


def test_frequent_values_have_codes_and_rare_ones_share_one():
    encoder = TableEncoder.fit(SCHEMA, TRAIN)
    # Of item and history together; twice in one list counts once.
    assert encoder.vocabularies == {"item": ("b", "a", "c"), "title": ("cup", "red")}
    encoded = encoder.encode(TRAIN)
    assert encoded["item"].tolist() == [3, 3, 2, 4, 0]
    assert encoded["title"].tolist() == [[3, 2], [3, 1], [0, 0], [0, 0], [1, 2]]
    assert encoded["history"].tolist() == [[2, 0, 0], [2, 2, 1], [0] * 3, [0] * 3, [3, 4, 2]]
    np.testing.assert_array_equal(encoded["price"], np.float32([1, np.nan, 2, np.nan, 3]))
    assert {name: values.dtype.name for name, values in encoded.items()} == {
        "item": "int32",
        "price": "float32",
        "title": "int32",
        "history": "int32",
    }
    assert encoder.size(SCHEMA.features[3]) == 5


def test_how_rare_is_chosen():
    assert TableEncoder.fit(SCHEMA, TRAIN, fewest=1).vocabularies["item"] == ("b", "a", "c", "d")
    assert TableEncoder.fit(SCHEMA, TRAIN, fewest=3).vocabularies["item"] == ("b", "a")


def test_values_not_in_train_are_counted():
    encoder = TableEncoder.fit(SCHEMA, TRAIN)
    new = TRAIN.with_columns(item=pl.Series(["z", "a", "y", None, "b"]))
    assert encoder.unseen(new)["item"] == 2


def test_of_long_lists_the_last_values_are_kept_and_of_texts_the_first_words():
    encoder = TableEncoder.fit(SCHEMA, TRAIN)
    long = TRAIN[:1].with_columns(
        history=pl.Series([["a", "c", "b", "a"]]), title=pl.Series(["cup red cup red"])
    )
    assert encoder.encode(long)["history"].tolist() == [[4, 2, 3]]
    assert encoder.encode(long)["title"].tolist() == [[2, 3]]
    assert encoder.encode(long, whole=True)["history"].tolist() == [[3, 4, 2, 3]]


def test_columns_without_a_value():
    schema = Schema((Feature("tags", "list"), Feature("word", "category")), {})
    nothing = pl.DataFrame(
        {"tags": [None, []], "word": [None, None]},
        schema={"tags": pl.List(pl.String), "word": pl.String},
    )
    encoded = TableEncoder.fit(schema, nothing).encode(nothing)
    assert encoded["tags"].tolist() == [[0], [0]]
    assert encoded["word"].tolist() == [0, 0]
