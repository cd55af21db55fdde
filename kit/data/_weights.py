"""Weights as numbers."""

import polars as pl

from kit.data._cells import stripped
from kit.data._numbers import numbers_note, read_numbers
from kit.errors import UserError


def to_weights(
    values: pl.Series, *, where: str, first_row: int, notes: list[str] | None = None
) -> pl.Series:
    """Weights as Float64, none negative; what is missing or not finite is null.

    Args:
        values: the column as read.
        where: file and column, for errors.
        first_row: the number a person gives to the first row.
        notes: gets lines on how cells were read.

    Raises:
        UserError: not a number in more than a few rows, or negative; names the row.

    Example:

    >>> to_weights(pl.Series(["4.5", ""]), where="a.csv, column rating", first_row=2).to_list()
    [4.5, None]
    """
    notes = [] if notes is None else notes
    name = where.rpartition("column ")[2]

    def locate(row: int) -> str:
        return f"row {row + first_row}"

    if values.dtype == pl.String:
        cells = stripped(values)
        read = read_numbers(cells)
        weights = read.values
        bad = read.odd if not read.is_column() else weights < 0
        notes += numbers_note(name, cells, read, locate)
    else:
        try:
            weights = values.cast(pl.Float64)
        except pl.exceptions.PolarsError:
            raise UserError(
                f"Values of type {values.dtype} are not weights.",
                where=where,
                expected="numbers",
                remedy="Name another column, or leave weights out with --weight-column ''.",
            ) from None
        bad = weights < 0
    rows = bad.fill_null(False).arg_true()
    if len(rows):
        raise UserError(
            f"The weight '{values[rows[0]]}' cannot be used "
            f"({len(rows)} such row{'s' if len(rows) > 1 else ''}).",
            where=f"{where}, row {rows[0] + first_row}",
            expected="numbers, zero or more",
            remedy="Remove these rows, name another column with --weight-column, "
            "or leave weights out with --weight-column ''.",
        )
    endless = (~weights.is_finite()).fill_null(False)
    if endless.any():
        row = int(endless.arg_max() or 0)
        notes.append(
            f"{name}: {int(endless.sum()):,} weights are not finite and read as missing, the first "
            f"in {locate(row)}"
        )
        weights = weights.set(endless, None)
    return weights
