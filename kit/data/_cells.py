"""Cells of a column that cannot be read."""

from collections.abc import Sequence
from typing import Any

from kit.errors import UserError


class BadCells(UserError):
    """Cells that cannot be read; the first is named.

    Args:
        what: the sentence about the first of them, without its full stop.
        rows: their places in the column, in order.
        place: file and column.
        first_row: the number a person gives to the first row of the column.
        expected: what would have been right.
        remedy: what to do now.
        total: how many they are, where the column is a part of a longer one; None counts `rows`.
        is_counted: whether the sentence ends with their number.

    Example:

    >>> error = BadCells("The time 'x' does not parse", [3, 5], place="a.csv, column t",
    ...                  first_row=2, expected="times", remedy="Mend it.")
    >>> print(error.what, error.where)
    The time 'x' does not parse (2 such rows). a.csv, column t, row 5
    """

    def __init__(
        self,
        what: str,
        rows: Sequence[int],
        *,
        place: str,
        first_row: int,
        expected: str,
        remedy: str,
        total: int | None = None,
        is_counted: bool = True,
    ) -> None:
        count = len(rows) if total is None else total
        such = f" ({count} such row{'s' if count > 1 else ''})" if is_counted else ""
        super().__init__(
            f"{what}{such}.",
            where=f"{place}, row {rows[0] + first_row}",
            expected=expected,
            remedy=remedy,
        )
        self.rows = list(rows)
        self.parts: dict[str, Any] = {
            "what": what,
            "place": place,
            "expected": expected,
            "remedy": remedy,
            "is_counted": is_counted,
        }
