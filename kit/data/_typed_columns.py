"""A column's values as the kind of a feature wants them."""

from collections.abc import Callable

import polars as pl

from kit.data._schema import Kind
from kit.errors import UserError

# What TensorFlow strips from a string, so that a cell is the same value here and in an export.
BLANK = " \t\n\r\v\f"
SEPARATOR = "|"
# What people write where there is no number. As categories they may be values like any other.
NO_NUMBER = ("na", "n/a", "nan", "null", "none", "?", "-")
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(?i:inf|infinity)$"

Locate = Callable[[int], str]
"""The row of a column -> file and row, as a person counts them."""


def typed(values: pl.Series, kind: Kind, locate: Locate) -> tuple[pl.Series, int]:
    """The values of a feature; missing ones are null, or NaN among numbers.

    Args:
        values: the column as read.
        kind: of the feature.
        locate: names the place of a row, for errors.

    Returns:
        String, Float32 or List(String), and how many numbers were not finite and are now missing.

    Raises:
        UserError: a cell that is not of the kind.

    Example:

    >>> typed(pl.Series(["a|b", None]), "list", str)[0].to_list()
    [['a', 'b'], None]
    """
    if kind == "list":
        return _lists(values), 0
    if kind == "number":
        return _numbers(values, locate)
    if isinstance(values.dtype, pl.List):
        raise UserError(
            f"Column '{values.name}' holds lists, not one value a row.",
            where=locate(0),
            expected=f"one value, as a feature of kind {kind} has",
            remedy='Give it the kind "list" in the schema.',
        )
    return text(values), 0


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
    values = values.str.strip_chars(BLANK)
    return values.set(values == "", None)


def as_numbers(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Text as Float64, null where it is none; and which cells are neither numbers nor missing."""
    cells = text(values)
    numbers = cells.cast(pl.Float64, strict=False)
    missing = cells.is_null() | cells.str.to_lowercase().is_in(NO_NUMBER)
    return numbers.set(missing, None), numbers.is_null() & ~missing


def _numbers(values: pl.Series, locate: Locate) -> tuple[pl.Series, int]:
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
        numbers, wrong = as_numbers(values)
        if (row := wrong.arg_max()) is not None and wrong[row]:
            raise UserError(
                f"'{values[row]}' is no number.",
                where=locate(row),
                expected=f"numbers in column '{values.name}'; empty cells are missing values",
                remedy='Mend the cell, or give the column the kind "category" in the schema.',
            )
    numbers = numbers.fill_nan(None)
    single = numbers.cast(pl.Float32)
    finite = single.is_finite().fill_null(True)
    return single.set(~finite, None).fill_null(float("nan")), int((~finite).sum())


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
    element = pl.element().cast(pl.String).str.strip_chars(BLANK)
    cleaned = frame.select(pl.col("column").list.eval(element.filter(element != "")))
    return cleaned.to_series().alias(values.name)
