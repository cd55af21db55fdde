"""Read the columns of a table of time series: series, time, targets, covariates."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from kit.data._clean import CleaningStep
from kit.data._columns import find_common, find_named, normalised, plain_name
from kit.data._ids import is_missing, stripped
from kit.data._numbers import is_coded, numbers_note, read_numbers
from kit.data._table_rows import TableRows
from kit.data._times import to_microseconds
from kit.errors import UserError

SERIES = ("uniqueid", "seriesid", "series", "itemid", "sku", "productid", "stockcode", "storeid")
TARGET = (
    *("target", "y", "value", "sales", "demand", "quantity", "units", "count", "cnt", "rentals"),
    "ot",
)


@dataclass(frozen=True)
class SeriesColumns:
    """Names of columns, where common names do not find them.

    Args:
        series: says which series a row belongs to; "" says that there is one series.
        time: when; None finds it by common names.
        targets: what is forecast; several are series of their own, of a table without a column of
            the series.
        time_format: how times are written, see `kit.data.Columns`.
        known: columns whose values are known for the future, such as prices; a name may be several
            with commas.
        static: columns that are constant within each series, such as a category.
        hierarchy: columns that group the series, the coarse ones first.
        ignored: columns that play no role, also where they are not there.
    """

    series: str | None = None
    time: str | None = None
    targets: Sequence[str] = ()
    time_format: str | None = None
    known: Sequence[str] = ()
    static: Sequence[str] = ()
    hierarchy: Sequence[str] = ()
    ignored: Sequence[str] = ()


def time_column(table: TableRows, columns: SeriesColumns) -> str:
    """The column of the time."""
    header = table.frame.columns
    if columns.time:
        return find_named(columns.time, header, option="--time-column", where=table.name)
    found = find_common("time", header, where=table.name)
    found = found or next((c for c in header if normalised(c) in ("ds", "dteday", "month")), None)
    if found is None:
        raise UserError(
            "No column is recognised as the time.",
            where=table.name,
            expected=f"a column of times; found: {', '.join(header)}",
            remedy="Name it: --time-column NAME",
        )
    return found


def series_column(table: TableRows, columns: SeriesColumns, others: Sequence[str]) -> str | None:
    """The column of the series, as named or found, or None; it is none of the others."""
    header = table.frame.columns
    if columns.series is not None:
        return next((c for c in header if columns.series in (c, plain_name(c))), None)
    left = [column for column in header if column not in others]
    return next((c for name in SERIES for c in left if normalised(c) == name), None)


@dataclass(frozen=True)
class Roles:
    """The columns of a table by their roles; `series` is None where there is none."""

    series: str | None
    targets: Sequence[str]
    known: Sequence[str]
    static: Sequence[str]
    hierarchy: Sequence[str]


def roles(table: TableRows, columns: SeriesColumns, time: str) -> Roles:
    """Which column plays which role.

    Raises:
        UserError: a column does not exist, is named for two roles, or none is the target.
    """
    header, where = table.frame.columns, table.name
    named = {
        option: _named(names, header, option, where)
        for option, names in (
            ("--target-column", columns.targets),
            ("--known", columns.known),
            ("--static", columns.static),
            ("--hierarchy", columns.hierarchy),
        )
    }
    targets = named["--target-column"]
    taken = {time, *columns.ignored, *(c for names in named.values() for c in names)}
    left = [c for c in header if c not in taken]
    if columns.series:
        find_named(columns.series, header, option="--series-column", where=where)
    series = None
    if columns.series or len(targets) < 2:
        series = series_column(table, columns, [*taken])
    if not targets:
        left = [c for c in left if c != series]
        common = [c for name in TARGET for c in left if normalised(c) == name]
        targets = common[:1] or (left if len(left) == 1 else [])
    if not targets:
        raise UserError(
            "No column is recognised as the target, which is to be forecast.",
            where=where,
            expected=f"a column called {' or '.join(TARGET[:3])}; found: {', '.join(header)}",
            remedy="Name it: --target-column NAME; several are series of their own.",
        )
    if series is not None and len(targets) > 1:
        raise UserError(
            f"There are {len(targets)} targets beside the column '{series}' of the series.",
            where=where,
            expected="one target and a column of the series, or several targets without it",
            remedy="Name one --target-column, or give --series-column ''.",
        )
    pairs = [("--time-column", time), *([("--series-column", series)] if series else [])]
    pairs += [("--target-column", target) for target in targets]
    pairs += [(o, c) for o in ("--known", "--static") for c in named[o]]
    # What groups the series may be a static feature as well.
    pairs += [("--hierarchy", c) for c in named["--hierarchy"] if c not in named["--static"]]
    for place, (option, column) in enumerate(pairs):
        for other, same in pairs[:place]:
            if same == column:
                words = [x.removeprefix("--").removesuffix("-column") for x in (other, option)]
                raise UserError(
                    f"Column '{column}' is named as {words[0]} and as {words[1]}.",
                    where=where,
                    remedy=f"Change {other} or {option}.",
                )
    for option, role in (("--static", "is static"), ("--hierarchy", "groups series")):
        if named[option] and series is None:
            raise UserError(
                f"Column '{named[option][0]}' {role}, but no column names the series.",
                where=where,
                expected="a row for each series and time",
                remedy=f"Name the column of the series, --series-column NAME, or leave {option} "
                "out.",
            )
    return Roles(series, targets, named["--known"], named["--static"], named["--hierarchy"])


def _named(names: Sequence[str], header: Sequence[str], option: str, where: str) -> list[str]:
    """Columns that were named one by one or with commas; each once."""
    names = [names] if isinstance(names, str) else names
    parts = [part for name in names for part in ([name] if name in header else name.split(","))]
    found = [find_named(part.strip(), header, option=option, where=where) for part in parts]
    if twice := [column for column in found if found.count(column) > 1]:
        raise UserError(f"Column '{twice[0]}' is named twice.", where=option)
    return found


def keys(table: TableRows, column: str | None) -> pl.Series:
    """Names of the series of rows, null where there is none; "" of all without a column."""
    if column is None:
        return pl.Series("series", [""]).new_from_index(0, len(table.frame))
    values = table.frame[column]
    if values.dtype != pl.String:
        return values.cast(pl.String).alias("series")
    cells = stripped(values)
    return cells.set(is_missing(cells), None).alias("series")


def numbers(table: TableRows, name: str, role: str, notes: list[str]) -> pl.Series:
    """A column of numbers as Float64, null where there is none.

    Args:
        table: the table.
        name: of the column.
        role: "target" or "covariate", for messages.
        notes: lines on how it was read are added.

    Raises:
        UserError: a cell is no number, or infinite.
    """
    column = table.frame[name]
    if column.dtype == pl.String:
        cells = stripped(column)
        found = read_numbers(cells)
        if found.odd.any():
            row = int(found.odd.arg_max() or 0)
            raise _no_number(cells[row], int(found.odd.sum()), name, role, table.locate(row))
        notes += numbers_note(name, cells, found, table.locate)
        values = found.values
    elif column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
        values = column.cast(pl.Float64)
    else:
        raise _no_number(str(column[0]), len(column), name, role, table.locate(0))
    infinite = values.is_infinite().fill_null(False)
    if infinite.any():
        row = int(infinite.arg_max() or 0)
        raise UserError(
            f"The {role} is infinite ({int(infinite.sum()):,} such rows).",
            where=f"{table.locate(row)}, column {name}",
            expected="finite numbers, or empty cells where there is none",
            remedy="Mend or empty these cells.",
        )
    return values.fill_nan(None)


def covariate(table: TableRows, name: str, notes: list[str]) -> pl.Series:
    """A column of numbers as Float64, or of texts as String; which it is follows from its cells."""
    column = table.frame[name]
    if column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
        return numbers(table, name, "covariate", notes)
    # "none" may be a promotion: of texts only empty cells are missing.
    cells = stripped(column.cast(pl.String))
    if read_numbers(cells).is_column() and not is_coded(cells.drop_nulls()):
        return numbers(table, name, "covariate", notes)
    return cells


def _no_number(cell: str, count: int, column: str, role: str, where: str) -> UserError:
    option = "--target-column NAME" if role == "target" else "--known NAME or --static NAME"
    return UserError(
        f"The {role} '{cell}' is no number ({count:,} such row{'s' if count > 1 else ''}).",
        where=f"{where}, column {column}",
        expected="numbers, written in one way and in one currency",
        remedy=f"Mend these cells, or name another column: {option}",
    )


def complete(rows: pl.DataFrame, until: str | None) -> tuple[pl.DataFrame, list[CleaningStep]]:
    """Rows with a series and a time, up to the end."""
    conditions = {
        "rows without series": pl.col("_series").is_not_null(),
        "rows without time": pl.col("_time").is_not_null(),
    }
    if until is not None:
        end = to_microseconds(pl.Series([until]), where="--until", first_row=1)
        conditions[f"rows after {until}"] = pl.col("_time") <= int(end[0])
    cleaning = []
    for what, condition in conditions.items():
        before = len(rows)
        rows = rows.filter(condition)
        cleaning.append(CleaningStep(what, before - len(rows)))
    return rows, cleaning
