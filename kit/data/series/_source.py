"""Open a table of time series and put them on a regular grid."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._clean import CleaningStep
from kit.data._columns import find_common, find_named, normalised
from kit.data._dialect import DETECTED, TableFormat
from kit.data._frames import Tabular, path_or_frame
from kit.data._ids import is_missing, stripped
from kit.data._numbers import numbers_note, read_numbers
from kit.data._table_rows import TableRows, read_table
from kit.data._times import check_time_format, time_notes, to_microseconds
from kit.data.series._frequency import FREQUENCIES, Frequency, closest
from kit.errors import UserError

SERIES = ("uniqueid", "seriesid", "series", "itemid", "sku", "productid", "stockcode", "storeid")
TARGET = ("target", "y", "value", "sales", "demand", "quantity", "units", "count", "cnt", "ot")
OUTCOMES = ("count", "positive", "real")
MOST_GAPS = 0.8
# A value so many times the 99th percentile of its series is named.
OUTLIER = 20
SHOWN = 3
MOST_CELLS = 1 << 29


@dataclass(frozen=True)
class SeriesColumns:
    """Names of columns, where common names do not find them.

    Args:
        series: says which series a row belongs to; "" says that there is one series.
        time: when; None finds it by common names.
        targets: what is forecast; several are series of their own, of a table without a column of
            the series.
        time_format: how times are written, see `kit.data.Columns`.
    """

    series: str | None = None
    time: str | None = None
    targets: Sequence[str] = ()
    time_format: str | None = None


@dataclass(frozen=True)
class SeriesSource:
    """Series on a regular grid.

    Args:
        name: as the user named it.
        series: their names.
        values: float64 [series, steps]; NaN where there is no value.
        frequency: of the grid.
        first: number of the first step.
        outcome: "count" (whole numbers from 0), "positive" (from 0) or "real".
        cleaning: what was dropped.
        rows_read: rows before.
        licence: attribution of a built-in data set, else "".
        notes: lines on how the table was read.
    """

    name: str
    series: tuple[str, ...]
    values: NDArray[np.float64]
    frequency: Frequency
    first: int
    outcome: str
    cleaning: tuple[CleaningStep, ...] = ()
    rows_read: int = 0
    licence: str = ""
    notes: tuple[str, ...] = field(default=())


def open_series(
    source: Tabular,
    *,
    columns: SeriesColumns | None = None,
    every: str | None = None,
    gaps: str | None = None,
    aggregate: str | None = None,
    outcome: str | None = None,
    until: str | None = None,
    format: TableFormat = DETECTED,
) -> SeriesSource:
    """Open a table of time series.

    Args:
        source: a file, a folder of files, a built-in data set (`bike-sharing`) or a DataFrame, with
            a row for each series and time, or a column for each series.
        columns: names of columns.
        every: name of the grid: "hour", "day", "week" or "month"; None finds it.
        gaps: what a step without a row is: "missing" or "zero"; None is zero of sums, else missing.
            Before its first row a series is always missing.
        aggregate: how rows of one series and step are combined, "sum" or "mean"; None refuses them.
        outcome: kind of the target, see `SeriesSource`; None finds it.
        until: drop what is later than this time.
        format: how text tables are written, where their content does not show it.

    Raises:
        UserError: the source cannot be used; it names file, row or column and the remedy.

    Example:

    >>> source = open_series("bike-sharing")
    >>> source.series, source.values.shape, source.frequency.name, source.outcome
    (('rentals',), (1, 17544), 'hour', 'count')
    """
    columns = columns or SeriesColumns()
    if columns.time_format is not None:
        check_time_format(columns.time_format)
    table = read_table(path_or_frame(source), format)
    name, notes = table.name, list[str]()
    time_column = _time_column(table, columns)
    series_column, targets = _roles(table, columns, time_column)
    times = to_microseconds(
        table.frame[time_column],
        where=f"{name}, column {time_column}",
        first_row=table.files[0][2],
        form=columns.time_format,
    )
    rows = pl.DataFrame({"_time": times, **_targets(table, targets, notes)})
    keys = _keys(table, series_column)
    rows = rows.with_columns(_series=keys).with_row_index("_row")
    rows, cleaning = _complete(rows, until)
    index = ["_row", "_time", *(["_series"] if series_column else [])]
    rows = rows.unpivot(targets, index=index, variable_name="_target", value_name="value")
    rows = rows.select(
        row="_row", time="_time", series="_series" if series_column else "_target", value="value"
    )
    if rows["value"].count() == 0:
        dropped = ", ".join(f"{step.rows:,} {step.name}" for step in cleaning if step.rows)
        raise UserError(
            f"No value is left{': ' + dropped if dropped else ''}.",
            where=name,
            expected="rows with a series, a time and a number",
            remedy="Check the columns.",
        )
    notes += time_notes(rows["time"] // 1_000_000, time_column)
    frequency = FREQUENCIES[every] if every else closest(rows["time"], lambda x: _apart(x, name))
    rows = rows.with_columns(step=frequency.steps(rows["time"]))
    rows, unfinished = _without_unfinished(rows, frequency)
    if unfinished:
        notes.append(f"the last {frequency.name} is unfinished and left out")
        cleaning.append(CleaningStep(f"rows of the unfinished last {frequency.name}", unfinished))
    cells = _cells(rows, aggregate, frequency, table, series_column)
    gaps = gaps or ("zero" if aggregate == "sum" else "missing")
    series, values, first = _grid(cells, name)
    count = _fill(values, gaps)
    if count:
        notes.append(
            f"{count:,} of {values.size:,} {frequency.name}s have no row and are "
            f"{'zero' if gaps == 'zero' else 'missing'} (--gaps)"
        )
    _check_gaps(values, name, frequency)
    outcome = _outcome(values, series, outcome, name, frequency, first)
    notes += _outliers(values, series, frequency, first)
    return SeriesSource(
        name=name,
        series=series,
        values=values,
        frequency=frequency,
        first=first,
        outcome=outcome,
        cleaning=tuple(step for step in cleaning if step.rows),
        rows_read=len(table.frame),
        licence=table.licence,
        notes=tuple(notes),
    )


def _time_column(table: TableRows, columns: SeriesColumns) -> str:
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


def _roles(table: TableRows, columns: SeriesColumns, time: str) -> tuple[str | None, list[str]]:
    """The column of the series, or None, and the columns of the targets."""
    header, where = table.frame.columns, table.name
    targets = [
        find_named(c, header, option="--target-column", where=where) for c in columns.targets
    ]
    left = [c for c in header if c not in (time, *targets)]
    series = None
    if columns.series:
        series = find_named(columns.series, header, option="--series-column", where=where)
    elif columns.series is None and len(targets) < 2:
        series = next((c for name in SERIES for c in left if normalised(c) == name), None)
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
    for role, column in (("series", series), *(("target", one) for one in targets)):
        if column == time:
            raise UserError(
                f"Column '{time}' is named as time and as {role}.",
                where=where,
                remedy=f"Change --time-column or --{role}-column.",
            )
    return series, targets


def _keys(table: TableRows, column: str | None) -> pl.Series:
    if column is None:
        return pl.Series("series", [""]).new_from_index(0, len(table.frame))
    values = table.frame[column]
    if values.dtype != pl.String:
        return values.cast(pl.String).alias("series")
    cells = stripped(values)
    return cells.set(is_missing(cells), None).alias("series")


def _targets(table: TableRows, names: Sequence[str], notes: list[str]) -> dict[str, pl.Series]:
    found = {}
    for name in names:
        column = table.frame[name]
        if column.dtype == pl.String:
            cells = stripped(column)
            numbers = read_numbers(cells)
            if numbers.odd.any():
                row = int(numbers.odd.arg_max() or 0)
                raise _no_number(cells[row], int(numbers.odd.sum()), name, table.locate(row))
            notes += numbers_note(name, cells, numbers, table.locate)
            values = numbers.values
        elif column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
            values = column.cast(pl.Float64)
        else:
            raise _no_number(str(column[0]), len(column), name, table.locate(0))
        infinite = values.is_infinite().fill_null(False)
        if infinite.any():
            row = int(infinite.arg_max() or 0)
            raise UserError(
                f"The target is infinite ({int(infinite.sum()):,} such rows).",
                where=f"{table.locate(row)}, column {name}",
                expected="finite numbers, or empty cells where there is none",
                remedy="Mend or empty these cells.",
            )
        found[name] = values.fill_nan(None)
    return found


def _no_number(cell: str, count: int, column: str, where: str) -> UserError:
    return UserError(
        f"The target '{cell}' is no number ({count:,} such row{'s' if count > 1 else ''}).",
        where=f"{where}, column {column}",
        expected="numbers, written in one way and in one currency",
        remedy="Mend these cells, or name another column: --target-column NAME",
    )


def _complete(rows: pl.DataFrame, until: str | None) -> tuple[pl.DataFrame, list[CleaningStep]]:
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


def _apart(distance: str, name: str) -> UserError:
    return UserError(
        f"Most times that follow each other are {distance} apart, which is no hour, day, week or "
        "month.",
        where=name,
        expected="times on a regular grid, or a grid to sum or average them on",
        remedy="Name it: --every hour|day|week|month, with --aggregate sum or mean.",
    )


def _without_unfinished(rows: pl.DataFrame, frequency: Frequency) -> tuple[pl.DataFrame, int]:
    """Without the last step if it ends earlier than nine of ten others.

    Only rows within a step tell: of days whose rows have no time of day nothing is known.
    """
    last = rows.group_by("step").agg(pl.col("time").max()).sort("step")
    elapsed = np.array(
        [frequency.elapsed(pl.Series([t]), s)[0] for s, t in last.tail(200).iter_rows()]
    )
    if len(elapsed) < 3 or elapsed[-1] >= np.quantile(elapsed[:-1], 0.1):
        return rows, 0
    kept = rows.filter(pl.col("step") != last["step"][-1])
    return kept, len(rows) - len(kept)


def _cells(
    rows: pl.DataFrame,
    aggregate: str | None,
    frequency: Frequency,
    table: TableRows,
    series_column: str | None,
) -> pl.DataFrame:
    """One row for each series and step."""
    if aggregate is not None:
        value = pl.col("value").sum() if aggregate == "sum" else pl.col("value").mean()
        return rows.group_by("series", "step").agg(value)
    repeated = rows.select(pl.struct("series", "step").is_duplicated()).to_series()
    if repeated.any():
        several = rows.filter(repeated).sort("series", "step", "row")
        first = several.row(0, named=True)
        other = several.row(1, named=True)
        of = f" of series '{first['series']}'" if series_column else ""
        by_series = "" if series_column else ", name the column of the series: --series-column NAME"
        raise UserError(
            f"Two rows{of} are of one {frequency.name}, {frequency.texts([first['step']])[0]} "
            f"({int(repeated.sum()):,} such rows).",
            where=f"{table.locate(first['row'])}; {table.locate(other['row'])}",
            expected=f"one row for each series and {frequency.name}",
            remedy="Remove one of them, or combine them: --aggregate sum (of sales), or mean (of "
            f"an hour that daylight saving repeats){by_series}",
        )
    return rows.select("series", "step", "value")


def _grid(cells: pl.DataFrame, name: str) -> tuple[tuple[str, ...], NDArray[np.float64], int]:
    first, last = int(cells["step"].min()), int(cells["step"].max())  # type: ignore[arg-type]
    names = cells["series"].unique().sort()
    size = len(names) * (last - first + 1)
    if size > MOST_CELLS:
        raise UserError(
            f"{len(names):,} series of {last - first + 1:,} steps are more than fit.",
            where=name,
            expected=f"at most {MOST_CELLS:,} values",
            remedy="Check the column of times, or give a coarser --every.",
        )
    codes = cells["series"].cast(pl.Enum(names)).to_physical().to_numpy()
    values = np.full((len(names), last - first + 1), np.nan)
    values[codes, cells["step"].to_numpy() - first] = cells["value"].to_numpy()
    return tuple(names.to_list()), values, first


def _fill(values: NDArray[np.float64], gaps: str) -> int:
    """Fill gaps after the first value of each series; returns how many there are."""
    is_gap = np.isnan(values) & (np.cumsum(~np.isnan(values), axis=1) > 0)
    if gaps == "zero":
        values[is_gap] = 0
    return int(is_gap.sum())


def _check_gaps(values: NDArray[np.float64], name: str, frequency: Frequency) -> None:
    share = float(np.isnan(values).mean())
    if share > MOST_GAPS:
        raise UserError(
            f"{share:.0%} of the {frequency.name}s of the series have no value.",
            where=name,
            expected=f"a value for most {frequency.name}s",
            remedy="If no row means nothing was sold, give --gaps zero; else a coarser --every.",
        )


def _outcome(
    values: NDArray[np.float64],
    series: tuple[str, ...],
    outcome: str | None,
    name: str,
    frequency: Frequency,
    first: int,
) -> str:
    observed = values[~np.isnan(values)]
    if outcome is None:
        if (observed < 0).any():
            return "real"
        return "count" if (observed == np.floor(observed)).all() else "positive"
    if outcome != "real" and (observed < 0).any():
        row, place = np.argwhere(values < 0)[0]
        raise UserError(
            f"The target is negative: {values[row, place]:g} ({int((observed < 0).sum()):,} such "
            f"{frequency.name}s).",
            where=f"{name}, series '{series[row]}' at {frequency.texts([first + place])[0]}",
            expected=f"numbers from 0, as --outcome {outcome} says",
            remedy="Leave returns out of the table, or give --outcome real.",
        )
    if outcome == "count" and (observed != np.floor(observed)).any():
        row, place = np.argwhere(~np.isnan(values) & (values != np.floor(values)))[0]
        raise UserError(
            f"The target is no whole number: {values[row, place]:g}.",
            where=f"{name}, series '{series[row]}' at {frequency.texts([first + place])[0]}",
            expected="whole numbers, as --outcome count says",
            remedy="Give --outcome positive.",
        )
    return outcome


def _outliers(
    values: NDArray[np.float64], series: tuple[str, ...], frequency: Frequency, first: int
) -> list[str]:
    """Lines on the few largest values that are far above the rest of their series."""
    sizes = np.abs(np.nan_to_num(values))
    nonzero = np.where(sizes > 0, sizes, np.nan)
    has_values = ~np.isnan(nonzero).all(axis=1)
    usual = np.full(len(values), np.inf)
    if has_values.any():
        usual[has_values] = np.nanquantile(nonzero[has_values], 0.9, axis=1)
    far = np.argwhere(sizes > OUTLIER * usual[:, None])
    order = np.argsort([-sizes[row, place] for row, place in far], kind="stable")
    lines = [
        f"warning: '{series[row]}' at {frequency.texts([first + place])[0]}: "
        f"{values[row, place]:,.6g}, more than {OUTLIER} times what the series usually reaches"
        for row, place in far[order[:SHOWN]]
    ]
    if len(far) > SHOWN:
        lines.append(f"warning: and {len(far) - SHOWN:,} more such values")
    return lines
