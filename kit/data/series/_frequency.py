"""The regular grids of time series: hours, days, weeks, months."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._times import DAY, SECOND

HOUR = 3600 * SECOND
# 1970-01-01 was a Thursday; weeks begin on Mondays.
THURSDAY = 3


@dataclass(frozen=True)
class Frequency:
    """A regular grid: steps are counted from 1970.

    Args:
        name: "hour", "day", "week" or "month".
        seasons: lengths of its seasons in steps, the shortest first.
        cycle: number of the phases that a step may be in, such as the hours of a week.
        horizon: steps that are forecast by default.
        lookbacks: numbers of past steps to choose from.
        longest: microseconds that lie between two steps at most.

    Example:

    >>> day = FREQUENCIES["day"]
    >>> day.steps(pl.Series([0, DAY, 2 * DAY - 1])).to_list(), day.texts([0, 364])
    ([0, 1, 1], ['1970-01-01', '1970-12-31'])
    >>> FREQUENCIES["month"].texts([13]), FREQUENCIES["week"].texts([0])
    (['1971-02-01'], ['1969-12-29'])
    """

    name: str
    seasons: tuple[int, ...]
    cycle: int
    horizon: int
    lookbacks: tuple[int, ...]
    longest: int

    @property
    def season(self) -> int:
        """The shortest season."""
        return self.seasons[0]

    def steps(self, times: pl.Series) -> pl.Series:
        """Numbers of the steps that times lie in, Int64.

        Args:
            times: Int64, microseconds since 1970.
        """
        if self.name == "month":
            moments = times.cast(pl.Datetime("us"))
            years = moments.dt.year().cast(pl.Int64) - 1970
            return years * 12 + moments.dt.month().cast(pl.Int64) - 1
        if self.name == "week":
            return (times // DAY + THURSDAY) // 7
        return times // (HOUR if self.name == "hour" else DAY)

    def start(self, step: int) -> datetime:
        """The moment a step begins."""
        if self.name == "month":
            return datetime(1970 + step // 12, step % 12 + 1, 1, tzinfo=UTC)
        days = {"hour": step / 24, "day": step, "week": 7 * step - THURSDAY}[self.name]
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days)

    def texts(self, steps: Sequence[int] | NDArray[np.integer]) -> list[str]:
        """The moments that steps begin, as ISO 8601 writes them; hours with a time of day."""
        form = "%Y-%m-%dT%H:%M:%S" if self.name == "hour" else "%Y-%m-%d"
        return [self.start(int(step)).strftime(form) for step in steps]

    def elapsed(self, times: pl.Series, step: int) -> pl.Series:
        """Microseconds since a step began."""
        return times - int(
            (self.start(step) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
        ) * (SECOND)


FREQUENCIES = {
    one.name: one
    for one in (
        Frequency("hour", (24, 168), 168, 24, (48, 96, 168, 336, 512, 720), HOUR),
        Frequency("day", (7,), 7, 14, (14, 28, 56, 112), DAY),
        Frequency("week", (52,), 1, 8, (8, 13, 26, 52, 104), 7 * DAY),
        Frequency("month", (12,), 12, 12, (6, 12, 24, 36), 31 * DAY),
    )
}
"""The grids by name."""


def closest(times: pl.Series, apart: Callable[[str], Exception]) -> Frequency:
    """The grid whose steps are as far apart as most times that follow each other.

    Args:
        times: Int64, microseconds since 1970.
        apart: makes the error of times that are of no grid, of the usual distance in words.
    """
    distances = times.unique().sort().diff().drop_nulls()
    if not len(distances):
        return FREQUENCIES["day"]
    usual = int(distances.mode().min())  # type: ignore[arg-type]
    for one in FREQUENCIES.values():
        if (0.9 if one.name == "month" else 1) * one.longest <= usual <= one.longest:
            return one
    raise apart(str(timedelta(microseconds=usual)))
