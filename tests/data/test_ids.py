from decimal import Decimal

import polars as pl
import pytest

from kit.data import check_same_form, to_ids
from kit.data._ids import encoded
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


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["17850.0", "12.0", None], ["17850", "12", None]),
        (["42", "42.0", "43.00"], ["42", "42", "43"]),
        (["-7.0", "10"], ["-7", "10"]),
        (["007.0", "0010"], ["007", "0010"]),
    ],
)
@pytest.mark.parametrize("typed", [True, False])
def test_whole_numbers_written_as_floats_are_integers(
    written: list[str | None], expected: list[str | None], typed: bool
) -> None:
    assert ids(pl.Series(written), typed=typed) == expected


def test_text_keeps_its_form() -> None:
    assert ids(pl.Series(["v1.0", "17850", "1.5"]), typed=False) == ["v1.0", "17850", "1.5"]


def test_numbers_in_two_forms_are_mixed() -> None:
    with pytest.raises(UserError, match=r"'17850' \(row 4\) and '17850\.0' \(row 3\)"):
        ids(pl.Series(["x", "17850.0", "17850"]), typed=False)


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ((pl.Series([1]), True), (pl.Series(["1"]), True)),
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
        encoded(pl.Series(values, dtype=pl.String), where="a", first_row=1)
        for values in ([None], ["x", "y"], [" x"])
    ]
    joined = to_ids(parts, where="a", first_row=1, typed=True)
    assert joined.text.to_list() == [None, "x", "y", "x"]
    assert joined.text.dtype == pl.Categorical
    assert joined.form == "string"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("u1 ", "u1"),
        ("\tu1\r", "u1"),
        ("\u00a0u1\u202f", "u1"),
        ("\ufeffu1\u200b", "u1"),
        ("\u3000u 1 ", "u 1"),
        ("  ", None),
        ("\u200b", None),
    ],
)
@pytest.mark.parametrize("typed", [True, False])
def test_ids_lose_surrounding_whitespace(written: str, expected: str | None, typed: bool) -> None:
    assert ids(pl.Series([written, "u1", "u2"]), typed=typed) == [expected, "u1", "u2"]


@pytest.mark.parametrize(
    "marker",
    [
        "NULL",
        "null",
        "NA",
        "n/a",
        "N/A",
        "None",
        "nan",
        "NaN",
        "\\N",
        "-",
        "#N/A",
        "undefined",
        "?",
    ],
)
def test_markers_of_no_value_are_missing_ids(marker: str) -> None:
    found = to_ids(pl.Series([marker, "u1", marker]), where="a", first_row=2, typed=False)
    assert found.text.to_list() == [None, "u1", None]
    assert found.markers == {marker.strip(): 2}


@pytest.mark.parametrize("marker", ["<NA>", "(null)", "NaT", "nil", " NULL ", "--", "#NULL!"])
def test_markers_of_libraries_and_spreadsheets_are_missing_ids(marker: str) -> None:
    assert ids(pl.Series([marker, "u1"]), typed=True) == [None, "u1"]


@pytest.mark.parametrize("value", ["Nancy", "nullable", "N", "none-1", "0", "NAN2", "na\u00efve"])
def test_ids_that_resemble_markers_are_kept(value: str) -> None:
    assert ids(pl.Series([value, "u1"]), typed=False) == [value, "u1"]


def test_a_line_break_may_be_part_of_an_id() -> None:
    values = pl.Series(["a|b\n# head", "two\r\nlines", "c"])
    assert ids(values, typed=False) == ["a|b\n# head", "two\r\nlines", "c"]


def test_an_id_that_holds_rows_is_refused_with_its_row() -> None:
    values = pl.Series(["a", "Heroes\t5\nb\t4\nHeroes", "c"])
    with pytest.raises(UserError, match=r"break: it begins with 'Heroes(.|\n)*column u, row 3"):
        ids(values, typed=False)


def test_ids_that_differ_in_case_are_different() -> None:
    assert ids(pl.Series(["a", "A"]), typed=False) == ["a", "A"]
