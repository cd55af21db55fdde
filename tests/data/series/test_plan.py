import polars as pl
import pytest

from kit.data.series import FREQUENCIES, SeriesColumns, change_plan, read_plan
from kit.errors import UserError

KINDS = {"price": "number", "promotion": "text"}
DATES = ["1970-01-03", "1970-01-04"]


def plan(**columns):
    return pl.DataFrame(
        {
            "sku": ["a", "a", "b", "b"],
            "date": DATES * 2,
            "price": [1.0, 2.0, 3.0, 4.0],
            "promotion": ["yes", "no", "no", "no"],
        }
        | columns
    )


def read(frame, series=("b", "a"), columns=None, kinds=KINDS):
    return read_plan(
        frame,
        columns=columns or SeriesColumns(),
        kinds=kinds,
        series=series,
        frequency=FREQUENCIES["day"],
        first=2,
        horizon=2,
    )


def refused(frame, **options):
    with pytest.raises(UserError) as raised:
        read(frame, **options)
    return raised.value


def test_values_are_those_of_series_and_steps():
    found = read(plan())
    assert found["price"].tolist() == [[3, 4], [1, 2]]
    assert found["promotion"].tolist() == [["no", "no"], ["yes", "no"]]


def test_other_steps_and_series_and_repeated_rows_do_not_matter():
    frame = pl.concat([plan(), plan(), plan(date=["1970-01-09"] * 4), plan(sku=["c"] * 4)[:2]])
    assert read(frame)["price"].tolist() == [[3, 4], [1, 2]]


def test_without_a_column_of_the_series_a_row_holds_for_all():
    assert read(plan()[:2].drop("sku"))["price"].tolist() == [[1, 2], [1, 2]]


def test_what_is_missing_is_named():
    error = refused(plan().drop("promotion"))
    assert error.what == "The plan has no column 'promotion'."
    error = refused(plan()[:3])
    assert error.what == "The plan has no 'price' of series 'b' at 1970-01-04 (1 such days)."
    assert (
        error.expected == "a value for each day from 1970-01-03 to 1970-01-04 of each of 2 series"
    )
    error = refused(plan(promotion=["yes", None, "no", ""]))
    assert error.what == "The plan has no 'promotion' of series 'b' at 1970-01-04 (2 such days)."
    error = refused(plan()[:1].drop("sku"))
    assert error.what == "The plan has no 'price' of 1970-01-04 (2 such days)."


def test_rows_that_contradict_each_other_are_refused():
    error = refused(pl.concat([plan(), plan(price=[1.0, 2.0, 9.0, 4.0])]))
    assert error.what == "The plan has two values of 'price' for one step: 3.0, 9.0."
    assert error.where == "DataFrame, row 2; DataFrame, row 6"


def test_text_for_a_number_is_refused():
    error = refused(plan(price=["1", "2", "cheap", "4"]))
    assert error.what == "The covariate 'cheap' is no number (1 such row)."


def test_numbers_and_texts_are_changed():
    before = read(plan())
    changes = ["price*=0.5", "price += 1", "promotion=yes"]
    after = change_plan(before, changes, {"promotion": ["no", "yes"]})
    assert after["price"].tolist() == [[2.5, 3], [1.5, 2]]
    assert set(after["promotion"].ravel()) == {"yes"}
    assert before["price"].tolist() == [[3, 4], [1, 2]]
    assert change_plan(before, ["price=-7"], {})["price"].tolist() == [[-7, -7], [-7, -7]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("price", "'price' is no change"),
        ("price=", "'price=' is no change"),
        ("prize=1", "There is no column 'prize'"),
        ("price*=much", "'much' is no number"),
        ("promotion=maybe", "'maybe' is none that is known"),
        ("promotion+=1", "'promotion' is a text"),
    ],
)
def test_what_cannot_be_changed_is_refused(change, words):
    with pytest.raises(UserError, match=words):
        change_plan(read(plan()), [change], {"promotion": ["no", "yes"]})
