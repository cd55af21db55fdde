"""How much more is bought in a stretch of time than before it, as the year before shows."""

import numpy as np
from numpy.typing import NDArray

YEAR = 365
WEEK = 7
# A year before, at least so many days of the stretch have to be in the data.
FEWEST_DAYS = WEEK
STRONGEST = 3.0


def season_factors(
    daily: NDArray[np.float64], first: int, days: NDArray[np.integer], horizon: int
) -> NDArray[np.float64]:
    """What is sold in the horizon after each day over what is sold in as many days before it.

    It is read off the year before, from what lies before each day alone. Where the data hold the
    stretch and as many days before it, it is their ratio. Where they hold a part of the stretch,
    at least a week, the rest is interpolated from the recent level, and the whole is compared with
    that level; a growing shop is then not told from a season. Where they hold nothing of it the
    factor is 1: a season that was never seen cannot be known.

    Args:
        daily: sales of each day, float64 [days].
        first: number of its first day.
        days: numbers of days, int [n]; data later than such a day are not used for it.
        horizon: days.

    Returns:
        float64 [n], from 1/3 to 3.

    Example:

    >>> daily = np.r_[np.ones(365), np.ones(90), np.full(90, 2.0)]
    >>> season_factors(np.r_[daily, np.ones(275)], 0, np.array([365 + 455]), 90)
    array([2.])
    """
    found = [_factor(daily, int(day) - first, horizon) for day in days]
    factors: NDArray[np.float64] = np.clip(np.array(found), 1 / STRONGEST, STRONGEST)
    return factors


def held_days(first: int, day: int, horizon: int) -> int:
    """How many days of the horizon after a day the data hold a year before."""
    return int(np.clip(day - YEAR + horizon - max(first, day - YEAR), 0, horizon))


def _factor(daily: NDArray[np.float64], day: int, horizon: int) -> float:
    known = daily[: max(day, 0)]
    ahead = day - YEAR + np.arange(horizon)
    held = (ahead >= 0) & (ahead < len(known))
    if held.sum() < FEWEST_DAYS:
        return 1.0
    before = day - YEAR - horizon
    if held.all() and before >= 0:
        past = known[before : before + horizon].mean()
        return float(known[ahead].mean() / past) if past > 0 else 1.0
    past = known[-horizon:].mean()
    if past <= 0:
        return 1.0
    # By week, as shops are closed on some days of it.
    weekly = np.convolve(np.pad(known, WEEK // 2, mode="edge"), np.ones(WEEK) / WEEK, "valid")
    level = np.interp(
        np.arange(-1, horizon),
        np.r_[-1, np.flatnonzero(held)],
        np.r_[past, weekly[ahead[held]]],
    )
    return float(level[1:].mean() / past)
