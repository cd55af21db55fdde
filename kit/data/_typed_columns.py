"""A column's values as the kind of a feature wants them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import polars as pl

from kit.data._cells import BLANKS, is_missing, stripped
from kit.data._numbers import numbers_note, read_numbers
from kit.data._schema import Kind
from kit.errors import UserError

SEPARATOR = "|"

Locate = Callable[[int], str]
"""The row of a column -> file and row, as a person counts them."""


class Typed(NamedTuple):
    """A column as the kind of its feature wants it.

    Args:
        values: String, Float32 or List(String).
        infinite: numbers that were not finite and are now missing.
        notes: lines on how cells were read.
    """

    values: pl.Series
    infinite: int = 0
    notes: Sequence[str] = ()


def typed(values: pl.Series, kind: Kind, locate: Locate, *, decimal: str | None = None) -> Typed:
    """The values of a feature; missing ones are null, or NaN among numbers.

    Args:
        values: the column as read.
        kind: of the feature.
        locate: names the place of a row, for errors.
        decimal: the decimal sign of numbers, "." or ","; None finds it.

    Raises:
        UserError: a cell that is not of the kind; of numbers a few are missing values, see
            `kit.data._numbers.Numbers.is_column`.

    Example:

    >>> typed(pl.Series(["a|b", None]), "list", str)[0].to_list()
    [['a', 'b'], None]
    """
    if kind == "list":
        return Typed(_lists(values))
    if kind == "number":
        return _numbers(values, decimal, locate)
    if isinstance(values.dtype, pl.List):
        raise UserError(
            f"Column '{values.name}' holds lists, not one value a row.",
            where=locate(0),
            expected=f"one value, as a feature of kind {kind} has",
            remedy='Give it the kind "list" in the schema.',
        )
    cells = text(values)
    return Typed(cells.set(is_missing(cells), None) if kind == "id" else cells)


def text(values: pl.Series) -> pl.Series:
    """Any column as text without blanks at its ends; empty text is null, 3.0 is "3"."""
    if values.dtype == pl.Boolean:
        # As integers: a reader of CSV would see either, and models are asked with text.
        values = values.cast(pl.String)
    elif values.dtype.is_float():
        whole = (values == values.floor()).fill_null(True) & (values.abs() < 2**53).fill_null(True)
        values = values.fill_nan(None)
        values = (
            values.cast(pl.Int64, strict=False)
            .cast(pl.String)
            .zip_with(whole, values.cast(pl.String))
        )
    elif values.dtype == pl.Binary:
        values = values.cast(pl.String, strict=False)
    else:
        values = values.cast(pl.String)
    return stripped(values)


def _numbers(values: pl.Series, decimal: str | None, locate: Locate) -> Typed:
    notes: list[str] = []
    if values.dtype in (pl.Date, pl.Datetime):
        numbers = values.dt.epoch("s").cast(pl.Float64)
    elif values.dtype.is_numeric() or values.dtype == pl.Boolean:
        numbers = values.cast(pl.Float64)
    elif values.dtype == pl.List:
        raise UserError(
            f"Column '{values.name}' holds lists, not numbers.",
            where=locate(0),
            remedy='Give it the kind "list" in the schema.',
        )
    else:
        cells = text(values)
        read = read_numbers(cells, decimal)
        if read.odd.any() and not read.is_column():
            row = int((read.odd & ~read.words).arg_max() or 0)
            count = int(read.odd.sum())
            raise UserError(
                f"'{values[row]}' is no number ({count:,} such cell{'s' if count > 1 else ''}).",
                where=locate(row),
                expected=f"numbers in column '{values.name}'; empty cells are missing values",
                remedy='Mend the cell, or give the column the kind "category" in the schema.',
            )
        numbers, notes = read.values, numbers_note(values.name, cells, read, locate)
    numbers = numbers.fill_nan(None)
    single = numbers.cast(pl.Float32)
    finite = single.is_finite().fill_null(True)
    values = single.set(~finite, None).fill_null(float("nan"))
    return Typed(values, int((~finite).sum()), notes)


def _lists(values: pl.Series) -> pl.Series:
    if not isinstance(values.dtype, pl.List):
        cells = text(values)
        json = cells.str.starts_with("[").fill_null(False)
        parts = cells.str.split(SEPARATOR)
        if json.any():
            read = cells.set(~json, None).str.json_decode(pl.List(pl.String))
            parts = read.zip_with(json, parts)
        values = parts
    frame = values.to_frame("column")
    element = pl.element().cast(pl.String).str.strip_chars(BLANKS)
    cleaned = frame.select(pl.col("column").list.eval(element.filter(element != "")))
    return cleaned.to_series().alias(values.name)
