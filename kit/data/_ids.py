"""Ids as text, the same text wherever the id comes from."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from kit.errors import UserError

_WHOLE_FLOAT = r"^-?\d+\.0+$"
_WHOLE = r"^-?\d+$"


@dataclass(frozen=True)
class Ids:
    """One column of ids.

    Args:
        text: String, or Categorical once encoded; null where the source has no id.
        form: what they were: 'integer', 'string', or of a text file 'text', 'whole' (`17850`),
            'float' (`17850.0`).
        where: file and column, for errors.
    """

    text: pl.Series
    form: str
    where: str

    def encoded(self) -> "Ids":
        """The same in four bytes a row; the text of each id is kept once in the process."""
        return Ids(self.text.cast(pl.Categorical), self.form, self.where)

    @classmethod
    def joined(cls, parts: Sequence["Ids"]) -> "Ids":
        """The parts of one column, one after the other."""
        form = next((part.form for part in parts if part.form), "")
        return cls(pl.concat([part.text for part in parts]), form, parts[0].where)


def to_ids(
    values: pl.Series, *, where: str, first_row: int, typed: bool, kind: str | None = None
) -> Ids:
    """Ids as text: integers and whole floats as integer text, text as it is, "" as null.

    Args:
        values: the column as read.
        where: file and column, for errors.
        first_row: the number a person gives to the first row.
        typed: whether the source tells integers from strings.
        kind: 'integer' or 'string' where the file had to be asked.

    Raises:
        UserError: a type that cannot be an id, a fraction, or numbers in two forms.
    """
    dtype = values.dtype
    if dtype.is_integer():
        return Ids(values.cast(pl.String), "integer", where)
    if dtype.is_float() or dtype.is_decimal():
        return Ids(_whole_numbers(values, where=where, first_row=first_row), "integer", where)
    if dtype == pl.Binary or dtype in (pl.Categorical, pl.Enum, pl.Null):
        values = values.cast(pl.String)
    elif dtype != pl.String:
        raise UserError(
            f"Values of type {dtype} cannot be ids.",
            where=where,
            expected="strings or integers",
            remedy="Name another column with --user-column or --item-column, or convert this one.",
        )
    text = values.set(values == "", None) if (values == "").any() else values
    if typed:
        return Ids(text, kind or ("string" if text.count() else ""), where)
    return Ids(text, _form_of_text(text, where=where, first_row=first_row), where)


def check_same_form(first: Ids, other: Ids) -> None:
    """Ids of two files of one source have to be of one form, or 1 and "1" would be two things."""
    forms = {first.form, other.form}
    if forms in ({"integer", "string"}, {"whole", "float"}, {"integer", "float"}):
        raise UserError(
            f"Ids of mixed type: {_named(other.form)} here, {_named(first.form)} in {first.where}.",
            where=other.where,
            expected="the same type of id in all files",
            remedy="Write the ids of all files the same way.",
        )


def _named(form: str) -> str:
    return {
        "integer": "integers",
        "string": "strings",
        "whole": "numbers like 17850",
        "float": "numbers like 17850.0",
    }[form]


def _whole_numbers(values: pl.Series, *, where: str, first_row: int) -> pl.Series:
    # NaN is how pandas writes a missing id in a column of numbers.
    numbers = values.fill_nan(None) if values.dtype.is_float() else values
    whole = numbers.cast(pl.Int64, strict=False)
    bad = (numbers.is_not_null() & (whole.is_null() | (whole != numbers))).arg_true()
    if len(bad):
        raise UserError(
            f"The id {values[bad[0]]} is not a whole number below 2^63.",
            where=f"{where}, row {bad[0] + first_row}",
            expected="strings or whole numbers",
            remedy="Name another column, or write the ids as strings.",
        )
    return whole.cast(pl.String)


def _form_of_text(text: pl.Series, *, where: str, first_row: int) -> str:
    first = text.drop_nulls().head(1)
    if first.is_empty():
        return "text"
    # Most columns are settled by their first id; a regular expression reads all the others.
    if not text.str.ends_with("0").any() or not (floats := text.str.contains(_WHOLE_FLOAT)).any():
        return "whole" if first.str.contains(_WHOLE).item() else "text"
    whole = text.str.contains(_WHOLE)
    if not whole.any():
        return "float"
    rows = [int(mask.arg_max() or 0) for mask in (whole, floats)]
    raise UserError(
        f"Ids of mixed type: '{text[rows[0]]}' (row {rows[0] + first_row}) and "
        f"'{text[rows[1]]}' (row {rows[1] + first_row}).",
        where=where,
        expected="numbers with or without '.0', not both",
        remedy="Write all ids the same way, for example without '.0'.",
    )
