"""Who comes back: retention by cohort, and how many users buy again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.errors import UserError

A_DAY = 86_400
# The finest unit in which a log has at most so many periods is taken.
UNITS, MOST_PERIODS = ("day", "week", "month", "quarter", "year"), 15
HORIZONS, FEWEST_USERS = (7, 30, 90, 180, 365), 20
QUANTILE = 1.959964  # of a normal distribution, at 97.5 %


@dataclass(frozen=True)
class Shares:
    """Shares of users with 95 % intervals, arrays of one shape; NaN where nothing is known.

    Args:
        count: users with it, int64.
        of: users, int64.
    """

    count: NDArray[np.int64]
    of: NDArray[np.int64]

    @property
    def share(self) -> NDArray[np.float64]:
        """The shares."""
        return np.where(self.of > 0, self.count / np.maximum(self.of, 1), np.nan)

    @property
    def interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper ends.

        Source: Wilson (1927), Probable Inference, the Law of Succession, and Statistical Inference.
        """
        size, square = np.maximum(self.of, 1), QUANTILE**2
        share = self.count / size
        centre = share + square / (2 * size)
        width = QUANTILE * np.sqrt(share * (1 - share) / size + square / (4 * size**2))
        ends = ((centre - width) / (1 + square / size), (centre + width) / (1 + square / size))
        low, high = (np.where(self.of > 0, np.clip(end, 0, 1), np.nan) for end in ends)
        return low, high


@dataclass(frozen=True)
class Cohorts:
    """Users by the period of their first interaction, and how many of them come back.

    Args:
        unit: of the periods: "day", "week", "month", "quarter" or "year".
        periods: names of the first cohorts, oldest first.
        sizes: users of each, int64 [cohorts].
        retention: users with an interaction so many periods later, from 1 on, `Shares` [cohorts,
            periods]; of 0 users where that period is not over in the log.
        pooled: the same of all cohorts, [periods].
        horizons: days of `repeats`.
        repeats: users with an interaction on a later day within so many days of their first one,
            among those whose days are over in the log.
        is_cut: whether the log ends within its last period, which is left out.
    """

    unit: str
    periods: Sequence[str]
    sizes: NDArray[np.int64]
    retention: Shares
    pooled: Shares
    horizons: Sequence[int]
    repeats: Shares
    is_cut: bool


def cohorts(interactions: pl.DataFrame) -> Cohorts:
    """Retention by cohort and repeat rates of a log.

    Args:
        interactions: user_id, and time in seconds since 1970 UTC, such as those of a `Source`.

    Raises:
        UserError: the log has no times, or none of its periods is over.

    Example:

    >>> days = [0, 1, 0, 2, 1, 2, 2]
    >>> log = pl.DataFrame({"user_id": [*"aabbccd"], "time": [86_400 * day for day in days]})
    >>> found = cohorts(log)
    >>> found.unit, found.periods, found.sizes.tolist()
    ('day', ['1970-01-01', '1970-01-02', '1970-01-03'], [2, 1, 1])
    >>> found.retention.count.tolist()
    [[1, 1], [1, 0], [0, 0]]
    """
    if "time" not in interactions.columns or not len(interactions):
        raise UserError(
            "Cohorts need times, which the log has none of.",
            where="the log of interactions",
            expected="a column of times",
            remedy="Name it: --time-column NAME",
        )
    # Ids are coded in the order of the log, of which nothing else depends.
    user = interactions["user_id"].cast(pl.String).rank("dense").to_numpy().astype(np.int64) - 1
    time = interactions["time"].to_numpy()
    day = time // A_DAY
    first, last = int(day.min()), int(day.max())
    unit = next(
        (one for one in UNITS if _period(one, last) - _period(one, first) < MOST_PERIODS), UNITS[-1]
    )
    period = _periods_of(unit, day)
    begin, end = int(period.min()), int(period.max())
    # A period is over if the next day belongs to another.
    is_cut = _period(unit, last + 1) == end
    stop = end if is_cut else end + 1
    if stop <= begin:
        raise UserError(
            f"The log holds no {unit} that is over.",
            where=f"{_date(first)} to {_date(last)}",
            expected="interactions of several days",
            remedy="Give a longer log.",
        )
    users = int(user.max()) + 1
    came = np.full(users, end + 1)
    np.minimum.at(came, user, period)
    # At most so many of the latest periods.
    start = max(begin, stop - MOST_PERIODS)
    width = stop - start
    sizes = np.bincount(came[(came >= start) & (came < stop)] - start, minlength=width)
    seen = np.unique(np.stack([user, period], 1), axis=0)
    cohort, later = came[seen[:, 0]] - start, seen[:, 1] - came[seen[:, 0]]
    kept = (cohort >= 0) & (later > 0) & (seen[:, 1] < stop)
    cells = cohort[kept] * width + later[kept]
    counts = np.bincount(cells, minlength=width * width).reshape(width, width)[:, 1:]
    is_over = np.arange(width)[:, None] + np.arange(1, width)[None] < width
    of = np.where(is_over, sizes[:, None], 0)
    retention = Shares(np.where(is_over, counts, 0), of)
    horizons, repeats = _repeats(user, day, users, last)
    return Cohorts(
        unit=unit,
        periods=[_name(unit, start + n) for n in range(width)],
        sizes=sizes,
        retention=retention,
        pooled=Shares(retention.count.sum(0), of.sum(0)),
        horizons=horizons,
        repeats=repeats,
        is_cut=is_cut,
    )


def _repeats(
    user: NDArray[np.int64], day: NDArray[np.int64], users: int, last: int
) -> tuple[list[int], Shares]:
    """Users who came on a later day within horizons, of those whose horizon is over."""
    visits = np.unique(np.stack([user, day], 1), axis=0)
    starts = np.searchsorted(visits[:, 0], np.arange(users))
    first = visits[starts, 1]
    following = np.minimum(starts + 1, len(visits) - 1)
    again = np.where(visits[following, 0] == np.arange(users), visits[following, 1], first)
    gap = np.where(again > first, again - first, np.iinfo(np.int64).max)
    asked = [(days, first + days <= last) for days in HORIZONS]
    asked = [(days, is_over) for days, is_over in asked if is_over.sum() >= FEWEST_USERS]
    return [days for days, _ in asked], Shares(
        np.array([((gap <= days) & is_over).sum() for days, is_over in asked], np.int64),
        np.array([is_over.sum() for _, is_over in asked], np.int64),
    )


def _periods_of(unit: str, day: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of the periods of days since 1970."""
    if unit == "day":
        return day
    if unit == "week":
        # Weeks begin on Monday; the first day of 1970 was a Thursday.
        return (day + 3) // 7
    months = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.asarray(months // {"month": 1, "quarter": 3, "year": 12}[unit])


def _period(unit: str, day: int) -> int:
    return int(_periods_of(unit, np.array([day]))[0])


def _name(unit: str, period: int) -> str:
    if unit in ("day", "week"):
        return _date(period if unit == "day" else 7 * period - 3).isoformat()
    months = period * {"month": 1, "quarter": 3, "year": 12}[unit]
    year, month = 1970 + months // 12, months % 12 + 1
    return {"year": f"{year}", "quarter": f"{year} Q{month // 3 + 1}"}.get(
        unit, f"{year}-{month:02d}"
    )


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * A_DAY, UTC).date()
