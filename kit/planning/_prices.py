"""Prices of scarce items, by ascent of the dual of the assignment problem.

The problem: show each visit one item so that the expected value is largest, no item more often than
there is stock, within a budget and with minimum shares. Its dual has one price for each item, one
for the budget and one for each share. The assignment is smoothed by an entropy of weight tau, which
makes the dual smooth; each step sets all prices to what would balance use and stock if the others
stayed, and tau falls until the gap between the bound and what is reached is small.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.planning._limits import Limits

ROWS_AT_ONCE = 8192
# Of the mean of the visits' best values.
FIRST_TAU, LEAST_TAU = 0.3, 2e-4
FALL, STEPS = 0.6, 8
# Prices of the budget and of shares move all others, which takes longer to balance.
JOINT_STEPS = 40
# Longer steps than those to balance converge sooner.
OVERSHOOT = 1.5
MOST_LOG = 8.0
KEPT = 0.95
MOST_STUCK = 20
# With larger tau, prices are too far from those that decide which items are candidates.
REFILLED_BELOW = 0.1
MOST_CANDIDATES = 384
# Of minimum shares: what helps one may hurt another.
REPAIRS = 20


@dataclass(frozen=True)
class Candidates:
    """Users with the items that each can be shown.

    Args:
        items: int32 [users, n], codes of items; -1 is padding.
        values: float32 [users, n], expected value of showing each.
        visits: float32 [users], how often each is shown an item at most.
    """

    items: NDArray[np.int32]
    values: NDArray[np.float32]
    visits: NDArray[np.float32]


@dataclass(frozen=True)
class Prices:
    """What showing an item has to be worth at least.

    Args:
        items: float32 [items], of the stock.
        budget: of a unit of the budget.
        shares: float32 [shares], what an item that counts for a minimum share is worth more.
        bound: no assignment has a larger value.
        reached: the value of an assignment within all limits, of fractions of visits.
        tau: the weight of the entropy at the end.
        steps: of the ascent.
        history: bound and reached after each step.
    """

    items: NDArray[np.float32]
    budget: float
    shares: NDArray[np.float32]
    bound: float = np.inf
    reached: float = 0.0
    tau: float = 0.0
    steps: int = 0
    history: list[tuple[float, float]] = field(default_factory=list)

    @property
    def gap(self) -> float:
        """(bound - reached) / bound."""
        return (self.bound - self.reached) / self.bound if self.bound > 0 else 0.0

    def asked(self, limits: Limits) -> NDArray[np.float32]:
        """float32 [items], what showing an item has to be worth under all limits."""
        asked = self.items + self.budget * limits.cost
        if len(limits.shares):
            asked = asked - self.shares @ (limits.member - limits.shares[:, None])
        return np.asarray(asked, np.float32)


Refill = Callable[[NDArray[np.float32]], tuple[Candidates, float]]
"""From prices asked [items] to each user's best candidates, and the sum over all visits of the best
value less price of any item."""


def find_prices(
    candidates: Candidates | Refill,
    limits: Limits,
    *,
    gap: float = 0.005,
    most_steps: int = 2000,
) -> Prices:
    """Find prices.

    Args:
        candidates: what can be shown to whom; or a function that finds the best candidates by
            prices, for a catalogue too large to be listed for each user.
        limits: of the plan.
        gap: stop when (bound - reached) / bound is at most this.
        most_steps: stop after so many steps.

    Source: Cuturi (2013), Sinkhorn Distances; Balseiro, Lu and Mirrokni (2020), Dual Mirror Descent
    for Online Allocation Problems.

    Example:

    >>> both = Candidates(np.int32([[0, 1], [0, 1]]), np.float32([[5, 4], [3, 1]]), np.ones(2, "f"))
    >>> prices = find_prices(both, Limits.of_stock(np.float32([1, 1])))
    >>> round(prices.bound, 1), prices.gap < 0.005
    (7.0, True)
    """
    refill = candidates if callable(candidates) else None
    ascent = _Ascent(limits)
    outside: float | None = None
    if refill is None:
        some: Candidates = candidates  # type: ignore[assignment]
    else:
        some, outside = refill(ascent.asked())
    best = np.where(some.items >= 0, some.values, 0).max(axis=1, initial=0)
    visits = some.visits.sum()
    scale = float(best @ some.visits / visits) if visits else 0.0
    if scale <= 0:
        return ascent.prices(0.0)
    tau = FIRST_TAU * scale
    stuck = 0
    is_joint = limits.budget is not None or len(limits.shares) > 0
    while ascent.steps < most_steps:
        for _ in range(JOINT_STEPS if is_joint else STEPS):
            ascent.step(some, tau, complete=refill is None)
        if refill is not None and tau < REFILLED_BELOW * scale:
            more, outside = refill(ascent.asked())
            ascent.bounded_by(outside)
            some = _joined(some, more, ascent.asked())
        if ascent.gap <= gap:
            break
        if tau <= LEAST_TAU * scale:
            # Smaller ones are lost in rounding.
            stuck += 1
            if stuck == MOST_STUCK:
                break
        tau = max(tau * FALL, LEAST_TAU * scale)
    return ascent.prices(tau)


def _joined(some: Candidates, more: Candidates, asked: NDArray[np.float32]) -> Candidates:
    """Each user's candidates of both, once; of too many those with the best value less price."""
    items = np.concatenate([some.items, more.items], axis=1)
    values = np.concatenate([some.values, more.values], axis=1)
    order = np.argsort(items, axis=1, kind="stable")
    items, values = (np.take_along_axis(x, order, axis=1) for x in (items, values))
    items[:, 1:][items[:, 1:] == items[:, :-1]] = -1
    margin = np.where(items >= 0, values - asked[items], -np.inf)
    count = min(MOST_CANDIDATES, int((items >= 0).sum(axis=1).max()))
    best = np.argpartition(-margin, count - 1, axis=1)[:, :count]
    items, values = (np.take_along_axis(x, best, axis=1) for x in (items, values))
    return Candidates(items, values, some.visits)


class _Ascent:
    """Prices on their way up the dual."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._is_shown = limits.stock > 0
        self._items = np.zeros(len(limits.stock))
        self._budget = 0.0
        self._shares = np.zeros(len(limits.shares))
        self.steps, self.bound, self.reached = 0, np.inf, 0.0
        self._history: list[tuple[float, float]] = []
        self._mean: list[NDArray[np.float64]] = []

    @property
    def gap(self) -> float:
        return (self.bound - self.reached) / self.bound if np.isfinite(self.bound) else np.inf

    def prices(self, tau: float) -> Prices:
        items, shares = self._items.astype(np.float32), self._shares.astype(np.float32)
        bound = self.bound if np.isfinite(self.bound) else 0.0
        facts = (bound, self.reached, tau, self.steps, self._history)
        return Prices(items, self._budget, shares, *facts)

    def asked(self) -> NDArray[np.float32]:
        own = Prices(self._items.astype(np.float32), self._budget, self._shares.astype(np.float32))
        return np.where(self._is_shown, own.asked(self._limits), np.float32(1e30))

    def bounded_by(self, best_margins: float) -> None:
        """Lower the bound to the dual at these prices."""
        budget = self._limits.budget
        dual = float(self._items @ self._limits.stock) + best_margins
        dual += 0.0 if budget is None else self._budget * budget
        self.bound = min(self.bound, dual)

    def step(self, some: Candidates, tau: float, *, complete: bool) -> None:
        """Move the prices to what balances use and stock; tell bound and value on the way."""
        limits = self._limits
        use, worth, margins = _used(some, self.asked(), tau)
        if complete:
            self.bounded_by(margins)
        # The mean of the last assignments is one, too, and nearer to what is feasible.
        self._mean = (
            [
                KEPT * mean + (1 - KEPT) * new
                for mean, new in zip(self._mean, (use, worth), strict=True)
            ]
            if self.steps
            else [use, worth]
        )
        self.reached = max(
            self.reached,
            _feasible(use, worth, limits),
            _feasible(self._mean[0], self._mean[1], limits),
        )
        self._history.append((self.bound, self.reached))
        self.steps += 1
        size = OVERSHOOT * tau
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = np.clip(np.log(use / limits.stock), -MOST_LOG, MOST_LOG)
        excess = np.where(self._is_shown, excess, 0)
        self._items = np.maximum(self._items + size * np.nan_to_num(excess), 0)
        total = use.sum()
        if limits.budget is not None and total > 0:
            spent = float(use @ limits.cost)
            if spent > 0:
                # What showing an item costs on average makes a price of the budget one of items.
                step = tau * np.log(spent / limits.budget) / (spent / total)
                self._budget = max(self._budget + step, 0.0)
        for place, share in enumerate(limits.shares):
            held = float(use @ limits.member[place])
            ratio = share * total / held if held > 0 else np.inf
            step = tau * float(np.clip(np.log(max(ratio, 1e-9)), -MOST_LOG, MOST_LOG))
            self._shares[place] = max(self._shares[place] + step, 0.0)


def _used(
    some: Candidates, asked: NDArray[np.float32], tau: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Use and value by item of the smoothed assignment, and the sum of the best margins."""
    use, worth = np.zeros(len(asked)), np.zeros(len(asked))
    margins = 0.0
    # Code -1 reads the last price, which nothing is worth.
    asked = np.append(asked, np.float32(1e30))
    for start in range(0, len(some.items), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        items, values = some.items[rows], some.values[rows]
        # NumPy gathers numbers in a fifth of the time of TensorFlow.
        found = _smoothed(
            tf.constant(values - asked[items]),
            tf.constant(items),
            tf.constant(values),
            tf.constant(some.visits[rows]),
            tf.constant(tau, tf.float32),
            tf.constant(len(use)),
        )
        use += found[0].numpy()
        worth += found[1].numpy()
        margins += float(found[2])
    return use, worth, margins


@tf.function(autograph=False, reduce_retracing=True)
def _smoothed(
    margin: Any, items: Any, values: Any, visits: Any, tau: Any, count: Any
) -> tuple[Any, Any, Any]:
    best = tf.maximum(tf.reduce_max(margin, axis=1, keepdims=True), 0)
    weight = tf.exp((margin - best) / tau)
    total = tf.reduce_sum(weight, axis=1, keepdims=True) + tf.exp(-best / tau)
    shown = weight * (visits[:, None] / total)
    # The sum leaves out code -1.
    flat = tf.reshape(items, [-1])
    return (
        tf.math.unsorted_segment_sum(tf.reshape(shown, [-1]), flat, count),
        tf.math.unsorted_segment_sum(tf.reshape(shown * values, [-1]), flat, count),
        tf.reduce_sum(tf.cast(best[:, 0] * visits, tf.float64)),
    )


def _feasible(use: NDArray[np.float64], worth: NDArray[np.float64], limits: Limits) -> float:
    """The value of an assignment after what breaks a limit was reduced."""
    share = np.minimum(1, limits.stock / np.maximum(use, 1e-12))
    for _ in range(REPAIRS if len(limits.shares) else 0):
        for member, least in zip(limits.member, limits.shares, strict=True):
            inside, outside = (float((use * share) @ part) for part in (member, 1 - member))
            allowed = inside * (1 - least) / max(float(least), 1e-9)
            if outside > allowed:
                share *= np.where(member > 0, 1, allowed / outside)
    value = float(worth @ share)
    if len(limits.shares) and not _meets(use * share, limits):
        return 0.0
    if limits.budget is not None:
        spent = float((use * share) @ limits.cost)
        value *= min(1.0, limits.budget / spent) if spent > 0 else 1.0
    return value


def _meets(use: NDArray[np.float64], limits: Limits) -> bool:
    total = use.sum()
    return bool((limits.member @ use >= limits.shares * total * (1 - 1e-3)).all())
