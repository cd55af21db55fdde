"""Serve visits one after the other, and count what it brings."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.exporting import STATIC, lowered
from kit.planning._limits import Limits
from kit.planning._values import Values
from kit.planning._visits import Visits

TIE = 1e-6


@dataclass(frozen=True)
class Policy:
    """How an item is chosen for a visit: that of the largest value less price, among what is left.

    Args:
        name: of the policy.
        asked: float32 [items], prices without that of the budget; None chooses at random.
        money: what a unit of the budget has to bring.
        follow: a price is its own times 1 - follow * log(share of the stock that is left / share of
            the visits that is left); 0 keeps it, lower by what the best of a sample bid too much.
    """

    name: str
    asked: NDArray[np.float32] | None
    money: float = 0.0
    follow: float = 0.0


@dataclass(frozen=True)
class Run:
    """What a policy showed.

    Args:
        policy: it.
        value: float64 [visits], expected value of what was shown to each.
        bought: float64 [visits], value of what was shown and really bought.
        item: int64 [visits], the item; -1 if none was shown.
    """

    policy: Policy
    value: NDArray[np.float64]
    bought: NDArray[np.float64]
    item: NDArray[np.int64]


def simulate(
    values: Values, visits: Visits, limits: Limits, policies: Sequence[Policy], *, seed: int = 0
) -> list[Run]:
    """Serve the same visits by several policies, each with the stock of its own.

    Args:
        values: of showing items to users.
        visits: in their order.
        limits: of the plan, with stock in whole units.
        policies: to compare.
        seed: of the random policy and of ties.
    """
    users, row = np.unique(visits.user, return_inverse=True)
    shops = [_Shop(policy, visits, limits, values.value, seed) for policy in policies]
    table = _rows_of(values, users)
    for visit in range(len(visits)):
        own, items = table(row[visit])
        for shop in shops:
            shop.serve(visit, own, items)
    return [Run(s.policy, s.value, s.bought, s.item) for s in shops]


def _rows_of(
    values: Values, users: NDArray[np.integer]
) -> Callable[[int], tuple[NDArray[np.float32], NDArray[np.int32] | None]]:
    """A function from a row to the values and items of its user."""
    found = list(values.rows(users))
    starts = np.array([rows.start for rows, _, _ in found])

    def of(row: int) -> tuple[NDArray[np.float32], NDArray[np.int32] | None]:
        part = int(np.searchsorted(starts, row, side="right")) - 1
        rows, own, items = found[part]
        at = row - rows.start
        return own[at], None if items is None else items[at]

    return of


class _Shop:
    """The state of a policy."""

    def __init__(
        self,
        policy: Policy,
        visits: Visits,
        limits: Limits,
        worth: NDArray[np.float32],
        seed: int,
    ) -> None:
        self.policy, self._visits, self._limits, self._worth = policy, visits, limits, worth
        self._left = limits.stock.copy()
        self._budget = np.inf if limits.budget is None else limits.budget
        self._static = None if policy.asked is None else lowered(policy.asked, STATIC)
        self._rng = np.random.default_rng(seed)
        self._shown: dict[int, deque[int]] = {}
        count = len(visits)
        self.value, self.bought = np.zeros(count), np.zeros(count)
        self.item = np.full(count, -1)

    def serve(
        self, visit: int, values: NDArray[np.float32], items: NDArray[np.int32] | None
    ) -> None:
        """Show one item to a visit, or none."""
        place = self._chosen(visit, values, items) if self._may_contact(visit) else -1
        item = -1 if place < 0 else int(place if items is None else items[place])
        if item < 0:
            return
        self._left[item] -= 1
        self._budget -= float(self._limits.cost[item])
        self.item[visit], self.value[visit] = item, values[place]
        if self._limits.contacts is not None and self._visits.time is not None:
            user = int(self._visits.user[visit])
            self._shown.setdefault(user, deque()).append(int(self._visits.time[visit]))
        bought = self._visits.bought[slice(*self._visits.offsets[visit : visit + 2])]
        self.bought[visit] = self._worth[item] * bool((bought == item).any())

    def _chosen(
        self, visit: int, values: NDArray[np.float32], items: NDArray[np.int32] | None
    ) -> int:
        own = slice(None) if items is None else np.maximum(items, 0)
        can = (self._left[own] >= 1) & (values > 0)
        if np.isfinite(self._budget):
            can &= self._limits.cost[own] <= self._budget
        if self._static is None:
            places = np.flatnonzero(can)
            return int(self._rng.choice(places)) if len(places) else -1
        asked = self._asked(visit, own)
        margin = np.where(can, values - asked, -np.inf)
        best = margin.max()
        if not best >= -TIE * values.max():
            return -1
        places = np.flatnonzero(margin >= best - TIE * abs(best))
        return int(places[0] if len(places) == 1 else self._rng.choice(places))

    def _asked(self, visit: int, own: Any) -> NDArray[np.float32]:
        """Prices of items at a visit."""
        policy, limits = self.policy, self._limits
        assert self._static is not None
        assert policy.asked is not None
        asked, money = self._static[own], policy.money
        if policy.follow:
            period = 1 - visit / len(self._visits)
            ratio = np.maximum(self._left[own], 1) / np.maximum(limits.stock[own], 1) / period
            level = np.maximum(1 - policy.follow * np.log(ratio), 0)
            asked = np.where(policy.asked[own] > 0, level * policy.asked[own], policy.asked[own])
            if limits.budget is not None:
                ratio = max(self._budget / limits.budget, 1e-6) / period
                money *= max(1 - policy.follow * float(np.log(ratio)), 0.0)
        return np.asarray(asked + money * limits.cost[own] if money else asked)

    def _may_contact(self, visit: int) -> bool:
        limits, user = self._limits, int(self._visits.user[visit])
        if limits.contacts is None or user < 0 or self._visits.time is None:
            return True
        now = int(self._visits.time[visit])
        last = self._shown.get(user, deque())
        while last and last[0] <= now - limits.window:
            last.popleft()
        return len(last) < limits.contacts
