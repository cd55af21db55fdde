"""Open a log of purchases with amounts, a row for each customer and day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._clean import CleaningStep, drop_users
from kit.data._columns import find_common, find_named, named_column, normalised
from kit.data._dialect import DETECTED, TableFormat
from kit.data._frames import Tabular, path_or_frame
from kit.data._ids import clean_id, to_ids
from kit.data._ids import stripped as stripped_text
from kit.data._numbers import numbers_note, read_numbers
from kit.data._table_rows import TableRows, read_table
from kit.data._times import DAY, check_time_format, time_notes, to_microseconds
from kit.data.builtin._open import PURCHASES
from kit.errors import UserError

AMOUNT = ("amount", "totalamount", "total", "totalprice", "revenue", "spend", "linetotal", "sales")
CURRENCY = ("currency", "currencycode", "currencyid", "ccy")
SIGNS = r"(\p{Sc}|USD|EUR|GBP|CHF|JPY|CNY|INR|BRL|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|RUB|TRY|KRW|MXN)"
# One id with so many of the rows stands for everybody who is not known.
ANONYMOUS_SHARE = 0.25
# One customer with so much of the revenue is named.
LARGEST_SHARE = 0.2


@dataclass(frozen=True)
class PurchaseColumns:
    """Names of columns, where common names do not find them.

    Args:
        user: the customer.
        time: when.
        amount: what was paid; negative for a refund.
        time_format: how times are written, see `kit.data.Columns`.
    """

    user: str | None = None
    time: str | None = None
    amount: str | None = None
    time_format: str | None = None


@dataclass(frozen=True)
class PurchaseSource:
    """What customers paid, by day.

    Args:
        name: as the user named it.
        users: code to id, object [users].
        user: codes, int64 [events], ascending.
        day: days since 1970, int64 [events], ascending within each customer.
        amount: sum of the day, float64 [events]; negative where more was paid back.
        cleaning: what was dropped.
        rows_read: rows before.
        licence: attribution of a built-in data set, else "".
        notes: lines on how the table was read.
    """

    name: str
    users: NDArray[np.object_]
    user: NDArray[np.int64]
    day: NDArray[np.int64]
    amount: NDArray[np.float64]
    cleaning: tuple[CleaningStep, ...] = ()
    rows_read: int = 0
    licence: str = ""
    notes: tuple[str, ...] = ()


def open_purchases(
    source: Tabular,
    *,
    columns: PurchaseColumns | None = None,
    anonymous: str | None = None,
    until: str | None = None,
    format: TableFormat = DETECTED,
    without_users: Collection[str] = (),
) -> PurchaseSource:
    """Open a log of purchases.

    Args:
        source: a file, a folder of files, the built-in `online-retail` or a DataFrame, with a row
            for each purchase or each of its items.
        columns: names of columns.
        anonymous: id that stands for all unknown buyers, whose rows are left out; "" says that
            there is none; None refuses logs in which one seems to.
        until: drop what is later than this time.
        format: how text tables are written, where their content does not show it.
        without_users: ids of customers whose rows are left out.

    Raises:
        UserError: the source cannot be used; it names file, row or column and the remedy.

    Example:

    >>> source = open_purchases("online-retail")
    >>> len(source.users), len(source.day), round(source.amount.sum())
    (4334, 16678, 8761067)
    """
    columns = columns or PurchaseColumns()
    if columns.time_format is not None:
        check_time_format(columns.time_format)
    table = _read(path_or_frame(source), format)
    notes: list[str] = []
    names = _names(table, columns)
    _check_currency(table)
    first_row = table.files[0][2]
    ids = to_ids(
        table.frame[names["user"]],
        where=f"{table.name}, column {names['user']}",
        typed=table.frame[names["user"]].dtype != pl.String,
        first_row=first_row,
    )
    times = to_microseconds(
        table.frame[names["time"]],
        where=f"{table.name}, column {names['time']}",
        form=columns.time_format,
        first_row=first_row,
    )
    rows = pl.DataFrame(
        {"user": ids.text, "time": times, "amount": _amounts(table, names["amount"], notes)}
    ).with_row_index("row")
    rows, cleaning = _complete(rows, until, anonymous)
    rows, steps = drop_users(rows, without_users, column="user")
    cleaning += steps
    if rows.is_empty():
        dropped = ", ".join(f"{step.rows:,} {step.name}" for step in cleaning)
        raise UserError(
            f"No purchase is left{': ' + dropped if dropped else ''}.",
            where=table.name,
            expected="rows with a customer, a time and an amount",
            remedy="Check the columns: --user-column, --time-column, --amount-column NAME",
        )
    notes += time_notes(rows["time"] // 1_000_000, names["time"])
    _check_future(rows, table)
    if anonymous is None:
        _check_anonymous(rows, table)
    notes += _refunds(rows, table.name)
    notes += _largest(rows)
    days = (
        rows.group_by("user", day=pl.col("time") // DAY)
        .agg(pl.col("amount").sum())
        .filter(pl.col("amount") != 0)
    )
    users = days["user"].cast(pl.String).unique().sort()
    code = days["user"].cast(pl.String).cast(pl.Enum(users)).to_physical().cast(pl.Int64)
    days = days.with_columns(code=code).sort("code", "day")
    return PurchaseSource(
        name=table.name,
        users=users.to_numpy(),
        user=days["code"].to_numpy(),
        day=days["day"].to_numpy(),
        amount=days["amount"].to_numpy(),
        cleaning=tuple(step for step in cleaning if step.rows),
        rows_read=len(table.frame),
        licence=table.licence,
        notes=tuple(notes),
    )


def _read(source: object, format: TableFormat) -> TableRows:
    if isinstance(source, str) and source in PURCHASES:
        table = PURCHASES[source]()
        return TableRows(source, table.frame, None, ((0, source, 1),), table.licence)
    return read_table(source, format)  # type: ignore[arg-type]


def _names(table: TableRows, columns: PurchaseColumns) -> dict[str, str]:
    """The column of each role."""
    header, where = table.frame.columns, table.name
    found = {}
    for role in ("user", "time"):
        named = getattr(columns, role)
        if named is not None:
            found[role] = find_named(named, header, option=f"--{role}-column", where=where)
        elif (name := find_common(role, header, where=where)) is not None:
            found[role] = name
        else:
            raise UserError(
                f"No column is recognised as the {role}.",
                where=where,
                expected=f"a column of {'customers' if role == 'user' else 'times'}; found: "
                f"{', '.join(header)}",
                remedy=f"Name it: --{role}-column NAME",
            )
    found["amount"] = named_column(
        columns.amount, AMOUNT, header, role="amount", of="purchases", where=where
    )
    if len({*found.values()}) < len(found):
        raise UserError(
            f"One column is named for two roles: {', '.join(found.values())}.",
            where=where,
            expected="a column each for customer, time and amount",
            remedy="Change --user-column, --time-column or --amount-column.",
        )
    return found


def _amounts(table: TableRows, name: str, notes: list[str]) -> pl.Series:
    column = table.frame[name]
    if column.dtype == pl.String:
        cells = stripped_text(column)
        signs = cells.str.extract(SIGNS).drop_nulls().unique(maintain_order=True)
        if len(signs) > 1:
            row = int((cells.str.extract(SIGNS) == signs[1]).arg_max() or 0)
            raise _currencies(signs.to_list(), f"{table.locate(row)}, column {name}")
        numbers = read_numbers(cells)
        if numbers.odd.any():
            row = int(numbers.odd.arg_max() or 0)
            raise _no_number(cells[row], int(numbers.odd.sum()), name, table.locate(row))
        notes += numbers_note(name, cells, numbers, table.locate)
        values = numbers.values
    elif column.dtype.is_numeric():
        values = column.cast(pl.Float64)
    else:
        raise _no_number(str(column[0]), len(column), name, table.locate(0))
    if (infinite := values.is_infinite().fill_null(False)).any():
        row = int(infinite.arg_max() or 0)
        raise _no_number(str(values[row]), int(infinite.sum()), name, table.locate(row))
    return values.fill_nan(None)


def _no_number(cell: str, count: int, column: str, where: str) -> UserError:
    return UserError(
        f"The amount '{cell}' is no number ({count:,} such row{'s' if count > 1 else ''}).",
        where=f"{where}, column {column}",
        expected="finite numbers, written in one way and in one currency",
        remedy="Mend these cells, or name another column: --amount-column NAME",
    )


def _check_currency(table: TableRows) -> None:
    for name in table.frame.columns:
        if normalised(name) in CURRENCY:
            kinds = table.frame[name].drop_nulls().unique(maintain_order=True)
            if len(kinds) > 1:
                row = int((table.frame[name] == kinds[1]).arg_max() or 0)
                raise _currencies(kinds.cast(pl.String).to_list(), table.locate(row))


def _currencies(kinds: list[str], where: str) -> UserError:
    shown = ", ".join(kinds[:4]) + (" ..." if len(kinds) > 4 else "")
    return UserError(
        f"The amounts are in several currencies: {shown}.",
        where=where,
        expected="amounts that can be added, in one currency",
        remedy="Convert them to one currency, or keep the rows of one.",
    )


def _complete(
    rows: pl.DataFrame, until: str | None, anonymous: str | None
) -> tuple[pl.DataFrame, list[CleaningStep]]:
    """Rows of a known customer with a time and an amount, up to the end."""
    conditions = {
        "rows without user": pl.col("user").is_not_null(),
        "rows without time": pl.col("time").is_not_null(),
        "rows without amount": pl.col("amount").is_not_null(),
        "rows with an amount of 0": pl.col("amount") != 0,
    }
    if anonymous:
        one = clean_id(anonymous)
        conditions[f"rows of unknown buyers ({one})"] = pl.col("user").cast(pl.String) != one
    if until is not None:
        end = to_microseconds(pl.Series([until]), where="--until", first_row=1)
        conditions[f"rows after {until}"] = pl.col("time") <= int(end[0])
    cleaning = []
    for what, condition in conditions.items():
        before = len(rows)
        rows = rows.filter(condition)
        cleaning.append(CleaningStep(what, before - len(rows)))
    return rows, cleaning


def _check_future(rows: pl.DataFrame, table: TableRows) -> None:
    # A day of grace, as logs may be in local time.
    now = int(datetime.now(UTC).timestamp() * 1e6) + DAY
    late = rows.filter(pl.col("time") > now)
    if not len(late):
        return
    day = date.fromordinal(date(1970, 1, 1).toordinal() + int(late["time"][0]) // DAY)
    raise UserError(
        f"{len(late):,} rows are in the future, such as {day}.",
        where=table.locate(int(late["row"][0])),
        expected="purchases up to today; the horizon is counted back from the last one",
        remedy="Mend the times, say how they are written (--time-format), or leave these rows out: "
        "--until TIME",
    )


def _check_anonymous(rows: pl.DataFrame, table: TableRows) -> None:
    counts = rows["user"].cast(pl.String).value_counts(sort=True)
    user, count = counts.row(0)
    if count < ANONYMOUS_SHARE * len(rows):
        return
    raise UserError(
        f"One customer, '{user}', has {count / len(rows):.0%} of the rows ({count:,}).",
        where=table.name,
        expected=f"less than {ANONYMOUS_SHARE:.0%}; an id with more usually stands for all buyers "
        "who are not known",
        remedy=f"Leave it out: --anonymous '{user}'; or say that it is a customer: --anonymous ''",
    )


def _refunds(rows: pl.DataFrame, name: str) -> list[str]:
    paid = float(rows["amount"].clip(lower_bound=0).sum())
    back = -float(rows["amount"].clip(upper_bound=0).sum())
    if paid <= back:
        raise UserError(
            f"Refunds ({back:,.0f}) are not less than purchases ({paid:,.0f}).",
            where=name,
            expected="positive amounts for purchases, negative ones for refunds",
            remedy="Change the sign of the amounts, or name another column: --amount-column NAME",
        )
    count = int((rows["amount"] < 0).sum())
    if not count:
        return []
    return [
        f"{count:,} refunds (negative amounts), {back / paid:.1%} of the amounts paid, are "
        "subtracted on their day"
    ]


def _largest(rows: pl.DataFrame) -> list[str]:
    by_user = rows.group_by("user").agg(pl.col("amount").sum()).sort("amount", descending=True)
    user, amount = by_user.row(0)
    share = amount / rows["amount"].sum()
    if share <= LARGEST_SHARE:
        return []
    return [
        f"warning: customer '{user}' has {share:.0%} of the revenue; is it a test account or a "
        "reseller? Totals and errors are mostly those of this customer"
    ]
