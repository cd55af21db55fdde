"""Read what can be shown: value, stock, cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data import clean_id, open_table
from kit.errors import UserError

SHOWN = 5
MOST_GROUPS = 100
YES, NO = ("1", "1.0", "true", "yes"), ("0", "0.0", "false", "no", "")


@dataclass(frozen=True)
class OfferTable:
    """Offers as arrays over the catalogue; what is not offered has value 0.

    Args:
        value: float32 [items], what a purchase is worth.
        stock: float32 [items], how often each can be shown.
        cost: float32 [items], what showing it takes from the budget.
        table: the file, with `item_id`; for minimum shares.
        codes: int64 [rows], the item of each of its rows.
    """

    value: NDArray[np.float32]
    stock: NDArray[np.float32]
    cost: NDArray[np.float32]
    table: pl.DataFrame
    codes: NDArray[np.int64]

    def members(self, column: str, where: str) -> dict[str, NDArray[np.float32]]:
        """The groups of a minimum share, float32 [items], 1 where an item belongs to it.

        Of a column of marks (0 and 1, no and yes) those with the mark are one group, of others each
        value is one.

        Raises:
            UserError: there is no such column, or it has too many values.
        """
        if column not in self.table.columns:
            raise UserError(
                f"The minimum share {column} cannot be met: the offers have no such column.",
                where=where,
                expected=f"one of {', '.join(self.table.columns)}",
                remedy="Correct --min-share.",
            )
        cells = self.table[column].cast(pl.String).str.strip_chars().str.to_lowercase()
        if set(cells.drop_nulls()) <= {*YES, *NO}:
            return {column: self._marked(cells.is_in(YES))}
        groups = self.table[column].cast(pl.String).drop_nulls().unique().sort()
        if len(groups) > MOST_GROUPS:
            raise UserError(
                f"The minimum share {column} cannot be met: the column has {len(groups):,} values.",
                where=where,
                expected=f"at most {MOST_GROUPS} values, or marks of 0 and 1",
                remedy="Add a column of marks, and name that.",
            )
        own = self.table[column].cast(pl.String)
        return {f"{column}={group}": self._marked(own == group) for group in groups}

    def _marked(self, rows: pl.Series) -> NDArray[np.float32]:
        member = np.zeros(len(self.value), np.float32)
        member[self.codes[rows.fill_null(False).to_numpy()]] = 1
        return member


def read_offers(
    source: Any,
    item_ids: Sequence[str],
    *,
    value_column: str = "value",
    stock_column: str = "stock",
    cost_column: str = "cost",
    needs_cost: bool = False,
    needs_value: bool = True,
) -> OfferTable:
    """Read a table with a row for each offer.

    Args:
        source: a file, or a DataFrame of polars or pandas.
        item_ids: of the export.
        value_column: what a purchase is worth.
        stock_column: how often the offer can be shown.
        cost_column: what showing it costs.
        needs_cost: whether there is a budget.
        needs_value: False reads stock alone.

    Raises:
        UserError: a column is missing; an id is unknown, missing or repeated; or a number is
            missing, not finite or negative. It names the row.
    """
    frame, where, first_row = _table(source)
    for column in ("item_id", stock_column, *([value_column] if needs_value else [])):
        if column not in frame.columns:
            raise _no_column(column, frame.columns, where)
    ids = frame["item_id"].cast(pl.String).map_elements(clean_id, pl.String)
    place = {item: code for code, item in enumerate(item_ids)}
    codes = np.array([place.get(item, -1) if item else -1 for item in ids], np.int64)
    _check_ids(ids, codes, item_ids, where, first_row)
    of_items = np.zeros((3, len(item_ids)), np.float32)
    columns = {"value": value_column, "stock": stock_column, "cost": cost_column}
    for row, (role, column) in enumerate(columns.items()):
        if column in frame.columns and (role != "value" or needs_value):
            of_items[row, codes] = _numbers(frame[column], f"{where}, column {column}", first_row)
    if needs_cost and cost_column not in frame.columns:
        raise _no_column(cost_column, frame.columns, where)
    if needs_cost and (free := np.flatnonzero(of_items[2, codes] == 0)).size:
        raise UserError(
            f"The offer {ids[int(free[0])]!r} costs nothing, so the budget does not limit it "
            f"({len(free):,} such offers).",
            where=f"{where}, column {cost_column}, row {int(free[0]) + first_row}",
            expected="a cost above 0 for every offer, as there is a budget",
            remedy="Correct the costs, or leave --budget out.",
        )
    return OfferTable(of_items[0], of_items[1], of_items[2], frame, codes)


def _table(source: Any) -> tuple[pl.DataFrame, str, int]:
    if isinstance(source, str | Path):
        table = open_table(Path(source))
        return table.read(table.columns), str(source), table.first_row
    frame = source if isinstance(source, pl.DataFrame) else pl.DataFrame(dict(source))
    return frame, "offers", 1


def _check_ids(
    ids: pl.Series,
    codes: NDArray[np.int64],
    item_ids: Sequence[str],
    where: str,
    first_row: int,
) -> None:
    if not len(ids):
        raise UserError("There is no offer.", where=where, expected="a row for each offer")
    unknown = np.flatnonzero(codes < 0)
    if len(unknown):
        some = ", ".join(str(ids[int(row)]) for row in unknown[:SHOWN])
        raise UserError(
            f"{len(unknown):,} offers are not items of the export: {some}.",
            where=f"{where}, column item_id, row {int(unknown[0]) + first_row}",
            expected=f"ids such as {', '.join(item_ids[:3])}",
            remedy="Leave them out, or add the items first: kit index FOLDER --add FILE",
        )
    repeated = np.flatnonzero(ids.is_duplicated().to_numpy())
    if len(repeated):
        raise UserError(
            f"The item {ids[int(repeated[0])]!r} has more than one row.",
            where=f"{where}, column item_id, row {int(repeated[0]) + first_row}",
            expected="one row for each item",
            remedy="Keep one of them.",
        )


def _numbers(cells: pl.Series, where: str, first_row: int) -> NDArray[np.float32]:
    numbers = cells.cast(pl.Float64, strict=False)
    wrong = (
        numbers.is_null() | ~numbers.is_finite().fill_null(True) | (numbers < 0).fill_null(False)
    )
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise UserError(
            f"{cells[row]!r} cannot be used ({int(wrong.sum()):,} such rows).",
            where=f"{where}, row {row + first_row}",
            expected="a number, 0 or more",
            remedy="Correct the cell, or leave the offer out.",
        )
    return np.asarray(numbers.to_numpy(), np.float32)


def _no_column(column: str, columns: Sequence[str], where: str) -> UserError:
    role = {"value": "--value-column", "stock": "--stock-column", "cost": "--cost-column"}
    named = f", or name another: {role[column]} NAME" if column in role else ""
    return UserError(
        f"The offers have no column {column!r}.",
        where=where,
        expected=f"it beside {', '.join(columns)}",
        remedy=f"Add the column{named}.",
    )
