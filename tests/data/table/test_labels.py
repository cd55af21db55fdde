import numpy as np
import polars as pl
import pytest

from kit.data.table import check_classes, find_labels, to_label
from kit.errors import UserError


def place(row):
    return f"a.csv, row {row + 2}"


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        ([0, 1, 1, None], "1"),
        (["0", "1", "1", ""], "1"),
        (["0.0", "1.0", "1", "nan"], "1"),
        ([0.0, 1.0, 1.0, float("nan")], "1"),
        ([False, True, True, None], "true"),
        (["No", "Yes", "Yes", None], "Yes"),
        (["-1", "1", "1", ""], "1"),
    ],
)
def test_what_says_which_is_positive_is_understood(values, positive):
    label, found = to_label(pl.Series("y", values), None, place)
    assert label.to_list() == [0, 1, 1, None]
    assert found == positive


def test_of_two_words_the_rarer_is_positive_unless_one_is_named():
    income = pl.Series("y", ["<=50K", "<=50K", ">50K"])
    assert to_label(income, None, place)[1] == ">50K"
    assert to_label(income, "<=50K", place)[0].to_list() == [1, 1, 0]


def test_a_named_value_stands_against_all_others():
    assert to_label(pl.Series("y", [1, 2, 5, 5]), "5", place)[0].to_list() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("values", "positive", "said"),
    [
        ([1, 1], None, "only one value: 1"),
        ([None, None], None, "empty in every row"),
        ([1, 2, 3], None, "3 different values"),
        ([0, 1], "2", "No row of 'y' has the value '2'"),
    ],
)
def test_labels_that_cannot_be_learned(values, positive, said):
    with pytest.raises(UserError, match=said) as raised:
        to_label(pl.Series("y", values, pl.Int64), positive, place)
    assert raised.value.where == "a.csv, column y"


ROWS = pl.DataFrame({"a": [1, 2, 3], "Click": [0, 1, 1], "buy,now": [0, 0, 1]})


def find(*named, rows=ROWS):
    return find_labels(named, rows.columns, rows, where="a.csv")


def test_labels_are_found_by_name_or_named():
    assert find() == ["Click"]
    assert find("a", "Click") == find("a,Click") == find("a, Click") == ["a", "Click"]
    assert find("buy,now") == ["buy,now"]


def test_no_label():
    with pytest.raises(UserError, match="There is no column 'klick'"):
        find("klick")
    with pytest.raises(UserError, match="named twice"):
        find("a", "a")
    with pytest.raises(UserError, match="No column is recognised") as raised:
        find(rows=ROWS.drop("Click"))
    assert raised.value.expected.endswith("of two values are here: buy,now")
    with pytest.raises(UserError, match="Several columns could be the label: Click, label"):
        find(rows=ROWS.with_columns(label=1))


def test_every_part_needs_both_classes():
    labels = np.array([[0, 1], [1, np.nan], [1, 1]], np.float32)
    check_classes(labels[:, :1], ["a"], "train")
    with pytest.raises(UserError, match="The test part has only one class of 'b': 2 of 2"):
        check_classes(labels, ["a", "b"], "test")
