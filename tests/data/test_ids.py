from decimal import Decimal

import polars as pl
import pytest

from kit.data._ids import Ids, check_same_form, to_ids
from kit.errors import UserError


def ids(values: pl.Series, *, typed: bool = True) -> list[str | None]:
    return to_ids(values, where="a, column u", first_row=2, typed=typed).text.to_list()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pl.Series([1, None, -3]), ["1", None, "-3"]),
        (pl.Series([1.0, float("nan"), 3.0]), ["1", None, "3"]),
        (pl.Series([Decimal("17850.0")]), ["17850"]),
        (pl.Series(["007", "", "a"]), ["007", None, "a"]),
        (pl.Series([b"x"]), ["x"]),
        (pl.Series(["x", "y"], dtype=pl.Categorical), ["x", "y"]),
        (pl.Series([None, None]), [None, None]),
    ],
)
def test_ids_of_every_type_become_text(values: pl.Series, expected: list[str | None]) -> None:
    assert ids(values) == expected


def test_a_fraction_is_no_id() -> None:
    with pytest.raises(UserError, match=r"2\.5 is not a whole number(.|\n)*column u, row 3"):
        ids(pl.Series([1.0, 2.5]))


@pytest.mark.parametrize("values", [pl.Series([[1]]), pl.Series([True]), pl.Series([{"a": 1}])])
def test_types_that_cannot_be_ids(values: pl.Series) -> None:
    with pytest.raises(UserError, match="cannot be ids"):
        ids(values)


def test_text_keeps_its_form() -> None:
    assert ids(pl.Series(["17850.0", "12.0"]), typed=False) == ["17850.0", "12.0"]
    assert ids(pl.Series(["v1.0", "17850", "1.5"]), typed=False) == ["v1.0", "17850", "1.5"]


def test_numbers_in_two_forms_are_mixed() -> None:
    with pytest.raises(UserError, match=r"'17850' \(row 4\) and '17850\.0' \(row 3\)"):
        ids(pl.Series(["x", "17850.0", "17850"]), typed=False)


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ((pl.Series([1]), True), (pl.Series(["1"]), True)),
        ((pl.Series(["1"]), False), (pl.Series(["1.0"]), False)),
        ((pl.Series([1]), True), (pl.Series(["1.0"]), False)),
    ],
)
def test_two_files_of_different_form(
    first: tuple[pl.Series, bool], other: tuple[pl.Series, bool]
) -> None:
    one, two = (
        to_ids(values, where=where, first_row=1, typed=typed)
        for (values, typed), where in ((first, "a, column u"), (other, "b, column u"))
    )
    with pytest.raises(UserError, match=r"mixed(.|\n)*in a, column u(.|\n)*where: b, column u"):
        check_same_form(one, two)
    with pytest.raises(UserError, match=r"mixed(.|\n)*where: a, column u"):
        check_same_form(two, one)


def test_text_goes_with_integers_and_with_strings() -> None:
    text = to_ids(pl.Series(["1"]), where="a", first_row=1, typed=False)
    for other in (pl.Series([1]), pl.Series(["x"]), pl.Series([None], dtype=pl.String)):
        check_same_form(text, to_ids(other, where="b", first_row=1, typed=True))


def test_parts_of_a_column_are_joined() -> None:
    parts = [
        to_ids(pl.Series(values, dtype=pl.String), where="a", first_row=1, typed=True).encoded()
        for values in ([None], ["x", "y"], ["x"])
    ]
    joined = Ids.joined(parts)
    assert joined.text.to_list() == [None, "x", "y", "x"]
    assert joined.text.dtype == pl.Categorical
    assert joined.form == "string"
