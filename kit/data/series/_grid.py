"""Put rows of time series on their regular grid."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._table_rows import TableRows
from kit.data.series._frequency import Frequency
from kit.errors import UserError

MOST_CELLS = 1 << 29


def apart(distance: str, name: str) -> UserError:
    """The error of times that are of no grid."""
    return UserError(
        f"Most times that follow each other are {distance} apart, which is no hour, day, week or "
        "month.",
        where=name,
        expected="times on a regular grid, or a grid to sum or average them on",
        remedy="Name it: --every hour|day|week|month, with --aggregate sum or mean.",
    )


def without_unfinished(rows: pl.DataFrame, frequency: Frequency) -> tuple[pl.DataFrame, int]:
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


def without_future(
    rows: pl.DataFrame, known: Sequence[str], frequency: Frequency, name: str
) -> tuple[pl.DataFrame, int]:
    """Without the rows after the last value of the target; returns how many these are.

    Raises:
        UserError: a known column has no value in these rows, so it is not known in advance.
    """
    last = int(rows.filter(pl.col("value").is_not_null())["step"].max())  # type: ignore[arg-type]
    future = rows.filter(pl.col("step") > last)
    for column in known if len(future) else ():
        if future[f"={column}"].null_count() == len(future):
            raise UserError(
                f"'{column}' has no value in the {len(future):,} rows after the last value of the "
                "target, so it is not known in advance.",
                where=f"{name}, column {column}, after {frequency.texts([last])[0]}",
                expected="columns whose values are known for the steps to forecast",
                remedy=f"Fill it in there, leave it out of --known, or give --until "
                f"{frequency.texts([last])[0]}.",
            )
    return rows.filter(pl.col("step") <= last), len(future)


def net_returns(values: NDArray[np.float64]) -> int:
    """Set steps in which more was returned than sold to 0; returns how many there are."""
    is_below = values < 0
    values[is_below] = 0
    return int(is_below.sum())


def cells(
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


def grid(cells: pl.DataFrame, name: str) -> tuple[tuple[str, ...], NDArray[np.float64], int]:
    """Names of the series, their values [series, steps], NaN without a row, and the first step."""
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


def fill(values: NDArray[np.float64], gaps: str) -> int:
    """Fill gaps after the first value of each series; returns how many there are."""
    is_gap = np.isnan(values) & (np.cumsum(~np.isnan(values), axis=1) > 0)
    if gaps == "zero":
        values[is_gap] = 0
    return int(is_gap.sum())
