"""Cut a log of purchases: histories before a day, and what is bought in the horizon after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._clean import CleaningStep
from kit.data._times import DAY, to_microseconds
from kit.data.purchases._season import held_days, season_factors
from kit.data.purchases._source import PurchaseSource
from kit.errors import UserError

FEWEST_CUSTOMERS, FEWEST_BUYERS = 200, 20
# Of the horizon: days between two cuts of train, and the least that lies before the first.
CUTS_APART, LEAST_BEFORE = 1 / 6, 1 / 3
NAMES = ("user", "amount", "age", "season", "value")
EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Histories:
    """What customers bought before a day, and what they paid in the horizon after it.

    Args:
        user: codes of the customers who had bought by then, int64 [n].
        amount: of each of their last days with a purchase, oldest first, float32 [n, length]; 0 is
            padding, on the right.
        age: days before the cut, float32 [n, length], at least 1; 0 is padding.
        season: factor of the season of the horizon, float32 [n], see `season_factors`.
        value: paid in the horizon, less refunds, float64 [n], at least 0.
    """

    user: NDArray[np.int64]
    amount: NDArray[np.float32]
    age: NDArray[np.float32]
    season: NDArray[np.float32]
    value: NDArray[np.float64]

    def inputs(self) -> dict[str, NDArray[np.float32]]:
        """The inputs of a `CustomerValue`."""
        return {"amount": self.amount, "age": self.age, "season": self.season}

    def sample(self, most: int, seed: int = 0) -> "Histories":
        """So many of them at most, drawn at random and in their order."""
        count = len(self.user)
        if count <= most:
            return self
        rows = np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
        return Histories(*(getattr(self, name)[rows] for name in NAMES))

    @classmethod
    def joined(cls, parts: "list[Histories]") -> "Histories":
        """One after the other."""
        return cls(*(np.concatenate([getattr(one, name) for one in parts]) for name in NAMES))


def last_days(
    log: "PurchaseSource | PurchaseData", cut: int, length: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """The last days with a purchase of those who had bought before a day.

    Args:
        log: the purchases, in the order of customers and days.
        cut: the day.
        length: at most so many days.

    Returns:
        Codes of the customers, and amounts and ages as those of `Histories`.
    """
    before, size = log.day < cut, len(log.users)
    user, day, amount = log.user[before], log.day[before], log.amount[before]
    counts = np.bincount(user, minlength=size)
    bought = np.bincount(user[amount > 0], minlength=size) > 0
    place = np.arange(len(user)) - (np.cumsum(counts) - counts)[user]
    place -= np.maximum(counts - length, 0)[user]
    shown = (place >= 0) & bought[user]
    at = (np.cumsum(bought) - 1)[user[shown]], place[shown]
    amounts = np.zeros((int(bought.sum()), length), np.float32)
    ages = np.zeros_like(amounts)
    amounts[at], ages[at] = amount[shown], cut - day[shown]
    return np.flatnonzero(bought), amounts, ages


@dataclass(frozen=True)
class PurchaseData:
    """Purchases and the days that they are cut at.

    At a cut, what lies before it is known, and the value is what is paid in the horizon after it.
    All horizons of train end before the horizon of valid begins, and that one where the horizon of
    test begins.

    Args:
        name: of the source.
        users: code to id.
        user: codes, int64 [events].
        day: days since 1970, int64 [events].
        amount: of the day, float64 [events].
        horizon: in days.
        cuts: of train, ascending.
        test: cut of test.
        cleaning: what was dropped.
        rows_read: rows of the table.
        licence: attribution of a built-in data set, else "".
        notes: lines on how the table was read.
        options: that the data were opened with, or None.
    """

    name: str
    users: NDArray[np.object_]
    user: NDArray[np.int64]
    day: NDArray[np.int64]
    amount: NDArray[np.float64]
    horizon: int
    cuts: tuple[int, ...]
    test: int
    cleaning: tuple[CleaningStep, ...] = ()
    rows_read: int = 0
    licence: str = ""
    notes: tuple[str, ...] = ()
    options: Any = None

    def __repr__(self) -> str:
        return (
            f"PurchaseData({self.name!r}: {len(self.users):,} customers on {len(self.day):,} days, "
            f"horizon {self.horizon} days)"
        )

    @property
    def valid(self) -> int:
        """Cut of valid: the last one whose outcome was complete at the cut of test."""
        return self.test - self.horizon

    @property
    def first(self) -> int:
        """The first day of the log."""
        return int(self.day.min())

    @property
    def end(self) -> int:
        """The day after the last one."""
        return int(self.day.max()) + 1

    def training_cuts(self, complete: bool = False) -> tuple[int, ...]:
        """The cuts of train, or all whose outcome is complete at the cut of test, with valid."""
        if not complete:
            return self.cuts
        apart = max(1, round(CUTS_APART * self.horizon))
        return (*self.cuts, *range(self.valid, self.cuts[-1], -apart)[::-1])

    @cached_property
    def daily(self) -> NDArray[np.float64]:
        """Sales of each day from the first, float64 [days]."""
        sums: NDArray[np.float64] = np.bincount(self.day - self.first, self.amount).astype(float)
        return sums

    def seasons(self, days: NDArray[np.integer]) -> NDArray[np.float64]:
        """Factors of the season of the horizons after days, from what lies before each."""
        return season_factors(self.daily, self.first, days, self.horizon)

    def held_days(self, cut: int) -> int:
        """Days of the horizon after a cut that the log holds a year before."""
        return held_days(self.first, cut, self.horizon)

    def histories(self, cut: int, length: int) -> Histories:
        """What customers had bought at a cut, and the value of each after it.

        Args:
            cut: a day; its own purchases are in the horizon.
            length: at most so many days with a purchase, the latest ones.
        """
        kept, amounts, ages = last_days(self, cut, length)
        after = (self.day >= cut) & (self.day < cut + self.horizon)
        value = np.bincount(self.user[after], self.amount[after], len(self.users))
        season = self.seasons(np.array([cut]))[0]
        return Histories(
            user=kept,
            amount=amounts,
            age=ages,
            season=np.full(len(kept), season, np.float32),
            value=np.maximum(value[kept], 0),
        )

    @property
    def split(self) -> str:
        """The split, in words."""
        return (
            f"by time: test is cut at {date_of(self.test)}, valid at {date_of(self.valid)}, train "
            f"at {len(self.cuts)} days from {date_of(self.cuts[0])} to {date_of(self.cuts[-1])}"
        )


def date_of(day: int) -> date:
    """The date of a day since 1970.

    Example:

    >>> str(date_of(365))
    '1971-01-01'
    """
    return date.fromordinal(EPOCH + int(day))


def split_purchases(
    source: PurchaseSource, *, horizon: int = 90, cut: str | None = None
) -> PurchaseData:
    """Choose the days that a log is cut at.

    Args:
        source: the purchases.
        horizon: days in which the value of customers is counted.
        cut: date of the cut of test; None is the last one whose horizon is complete. The last day
            of the log may be unfinished and is in no horizon.

    Raises:
        UserError: a horizon would not be complete, the log is too short, or there are too few
            customers.

    Example:

    >>> from kit.data.purchases import open_purchases
    >>> data = split_purchases(open_purchases("online-retail"), horizon=90)
    >>> str(date_of(data.test)), str(date_of(data.valid)), len(data.cuts)
    ('2011-09-10', '2011-06-12', 5)
    """
    first, last = int(source.day.min()), int(source.day.max())
    latest = last - horizon
    test = latest
    if cut is not None:
        test = int(to_microseconds(pl.Series([cut]), where="--cut", first_row=1)[0]) // DAY
        if test > latest:
            raise UserError(
                f"The {horizon} days after {date_of(test)} are censored: they end on "
                f"{date_of(test + horizon)}, the log on {date_of(last)}.",
                where="--cut",
                expected="a horizon that the log holds whole; what customers buy after its end is "
                "not 0 but not known",
                remedy=f"Give --cut {date_of(latest)} or earlier, or a shorter --horizon.",
            )
    least, apart = max(1, round(LEAST_BEFORE * horizon)), max(1, round(CUTS_APART * horizon))
    newest = test - 2 * horizon
    if newest - first < least:
        raise UserError(
            f"The log begins on {date_of(first)} and is cut at {date_of(test)}, too short for a "
            f"horizon of {horizon} days.",
            where=source.name,
            expected=f"at least {2 * horizon + least} days before that cut: {least} to learn from, "
            f"and {horizon} each for the outcomes of train and valid",
            remedy="Give a shorter --horizon, or a longer log.",
        )
    data = PurchaseData(
        name=source.name,
        users=source.users,
        user=source.user,
        day=source.day,
        amount=source.amount,
        horizon=horizon,
        cuts=tuple(range(newest, first + least - 1, -apart))[::-1],
        test=test,
        cleaning=source.cleaning,
        rows_read=source.rows_read,
        licence=source.licence,
        notes=source.notes,
    )
    for part, cuts in (("train", data.cuts), ("valid", [data.valid]), ("test", [test])):
        _check_size(data, part, cuts)
    return data


def _check_size(data: PurchaseData, part: str, cuts: Sequence[int]) -> None:
    found = Histories.joined([data.histories(cut, 1) for cut in cuts])
    customers, buyers = len(found.user), int((found.value > 0).sum())
    if customers >= FEWEST_CUSTOMERS and buyers >= FEWEST_BUYERS:
        return
    raise UserError(
        f"{customers:,} customers had bought by {date_of(cuts[-1])}, the cut of {part}, and "
        f"{buyers:,} of them buy in the {data.horizon} days after it.",
        where=data.name,
        expected=f"at least {FEWEST_CUSTOMERS} customers and {FEWEST_BUYERS} buyers; fewer say "
        "nothing about the next ones",
        remedy="Use a longer log, or another --horizon or --cut.",
    )
