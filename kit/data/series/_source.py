"""Open a table of time series and put them on a regular grid."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._clean import CleaningStep
from kit.data._dialect import DETECTED, TableFormat
from kit.data._frames import Tabular, path_or_frame
from kit.data._table_rows import read_table
from kit.data._times import check_time_format, time_notes, to_microseconds
from kit.data.series._checks import check_gaps, check_no_leak, outcome_of, outliers
from kit.data.series._covariates import (
    Covariate,
    HolidayCalendar,
    covariate_note,
    of_series,
    on_grid,
)
from kit.data.series._frequency import FREQUENCIES, Frequency, closest
from kit.data.series._grid import (
    apart,
    cells,
    fill,
    grid,
    net_returns,
    without_future,
    without_unfinished,
)
from kit.data.series._hierarchy import Hierarchy, read_hierarchy
from kit.data.series._read import (
    SeriesColumns,
    complete,
    covariate,
    keys,
    numbers,
    roles,
    time_column,
)
from kit.errors import UserError


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
        known: covariates whose values are known for the future; holidays come last.
        static: features of the series.
        holidays: their calendar, or None.
        hierarchy: groups of the series, or None.
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
    notes: tuple[str, ...] = ()
    known: tuple[Covariate, ...] = ()
    static: tuple[Covariate, ...] = ()
    holidays: HolidayCalendar | None = None
    hierarchy: Hierarchy | None = None


def open_series(
    source: Tabular,
    *,
    columns: SeriesColumns | None = None,
    every: str | None = None,
    gaps: str | None = None,
    aggregate: str | None = None,
    outcome: str | None = None,
    until: str | None = None,
    holidays: str | None = None,
    returns: str | None = None,
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
        holidays: code of the country whose holidays are known, such as "GB" or "US-CA".
        returns: what negative values are: "net" sets them off against the sales of their step,
            which are summed and never below 0, "drop" leaves them out; None takes them as values.
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
    time = time_column(table, columns)
    found = roles(table, columns, time)
    times = to_microseconds(
        table.frame[time],
        where=f"{name}, column {time}",
        first_row=table.files[0][2],
        form=columns.time_format,
    )
    targets = {column: numbers(table, column, "target", notes) for column in found.targets}
    others = {column: covariate(table, column, notes) for column in (*found.known, *found.static)}
    # Marks keep the user's names, such as `value` or `_time`, apart from ours.
    marked = {f"+{x}": y for x, y in targets.items()} | {f"={x}": y for x, y in others.items()}
    marked |= {f"^{column}": keys(table, column) for column in found.hierarchy}
    rows = pl.DataFrame({"_time": times, **marked})
    rows = rows.with_columns(_series=keys(table, found.series)).with_row_index("_row")
    rows, cleaning = complete(rows, until)
    covariates = [*(f"={column}" for column in others), *(f"^{x}" for x in found.hierarchy)]
    index = ["_row", "_time", "_series", *covariates]
    melted = [f"+{column}" for column in targets]
    rows = rows.unpivot(melted, index=index, variable_name="_target", value_name="value")
    name_of_series = pl.col("_series") if found.series else pl.col("_target").str.slice(1)
    rows = rows.select(*covariates, row="_row", time="_time", series=name_of_series, value="value")
    if returns == "drop":
        sold = rows.filter(pl.col("value").is_null() | (pl.col("value") >= 0))
        cleaning.append(CleaningStep("returns", len(rows) - len(sold)))
        rows = sold
    if rows["value"].count() == 0:
        dropped = ", ".join(f"{step.rows:,} {step.name}" for step in cleaning if step.rows)
        raise UserError(
            f"No value is left{': ' + dropped if dropped else ''}.",
            where=name,
            expected="rows with a series, a time and a number",
            remedy="Check the columns.",
        )
    notes += time_notes(rows["time"] // 1_000_000, time)
    frequency = FREQUENCIES[every] if every else closest(rows["time"], lambda x: apart(x, name))
    rows = rows.with_columns(step=frequency.steps(rows["time"]))
    past, future = without_future(rows, found.known, frequency, name)
    if future:
        cleaning.append(CleaningStep("rows after the last value of the target", future))
    past, unfinished = without_unfinished(past, frequency)
    if unfinished:
        notes.append(f"the last {frequency.name} is unfinished and left out")
        cleaning.append(CleaningStep(f"rows of the unfinished last {frequency.name}", unfinished))
    aggregate = aggregate or ("sum" if returns == "net" else None)
    gaps = gaps or ("zero" if aggregate == "sum" else "missing")
    series, values, first = grid(cells(past, aggregate, frequency, table, found.series), name)
    if returns == "net" and (below := net_returns(values)):
        notes.append(
            f"{below:,} {frequency.name}s with more returns than sales are zero (--returns)"
        )
    has_row = ~np.isnan(values)
    count = fill(values, gaps)
    if count:
        notes.append(
            f"{count:,} of {values.size:,} {frequency.name}s have no row and are "
            f"{'zero' if gaps == 'zero' else 'missing'} (--gaps)"
        )
    check_gaps(values, name, frequency)
    outcome = outcome_of(values, series, outcome, name, frequency, first)
    notes += outliers(values, series, frequency, first)
    if found.series is None:
        past = past.with_columns(series=pl.lit(None, pl.String))
    known = [on_grid(past, column, series, first, values.shape[1]) for column in found.known]
    static = [of_series(past, column, series, name) for column in found.static]
    for one in known:
        notes.append(covariate_note("known", one, others[one.name]))
        notes += check_no_leak(values, one, gaps, has_row)
    notes += [covariate_note("static", one, others[one.name]) for one in static]
    hierarchy = None
    if found.hierarchy:
        hierarchy = read_hierarchy(past, found.hierarchy, series, name)
        notes.append(hierarchy.note)
    if known:
        notes.append(
            "known columns count in valid and test as they were, as if foreseen without error: "
            "of what is itself a forecast, such as the weather, the metrics are too good"
        )
    calendar = None
    if holidays is not None:
        last = first + values.shape[1] - 1
        calendar = HolidayCalendar.of(holidays, frequency, first, last)
        known.append(calendar.covariate(first, values.shape))
        notes.append(f"holidays of {calendar.country}: {calendar.note}")
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
        known=tuple(known),
        static=tuple(static),
        holidays=calendar,
        hierarchy=hierarchy,
    )
