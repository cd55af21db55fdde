"""Assign items to users once, in whole units, within all limits exactly."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kit.planning._limits import Limits
from kit.planning._prices import Candidates, Prices

NONE = -1


def assign(candidates: Candidates, limits: Limits, prices: Prices) -> NDArray[np.int64]:
    """Each user's item, or -1.

    First by value less price, then what is left without prices of stock and budget. An item goes to
    those who lose most without it.

    Args:
        candidates: what can be shown to whom, each user once.
        limits: of the plan; stock counts in whole units.
        prices: as found for these limits.

    Example:

    >>> from kit.planning import find_prices
    >>> both = Candidates(np.int32([[0, 1], [0, 1]]), np.float32([[5, 4], [3, 1]]), np.ones(2, "f"))
    >>> limits = Limits.of_stock(np.float32([1, 1]))
    >>> assign(both, limits, find_prices(both, limits)).tolist()
    [1, 0]
    """
    items = candidates.items
    values = np.where(items >= 0, candidates.values, 0).astype(np.float64)
    left = np.floor(limits.stock).astype(np.int64)
    budget = np.inf if limits.budget is None else float(limits.budget)
    found = np.full(len(items), NONE, np.int64)
    worth = np.zeros(len(items))
    free = np.flatnonzero(candidates.visits > 0)
    without = replace(prices, items=np.zeros_like(prices.items), budget=0.0)
    for asked in (prices.asked(limits), without.asked(limits)):
        waiting = free[found[free] == NONE]
        while len(waiting):
            code = np.maximum(items[waiting], 0)
            can = (values[waiting] > 0) & (left[code] > 0) & (limits.cost[code] <= budget)
            margin = np.where(can, values[waiting] - asked[code], -np.inf)
            place = margin.argmax(axis=1)
            rows = np.arange(len(waiting))
            best = margin[rows, place]
            margin[rows, place] = -np.inf
            is_asking = best >= -1e-6 * values[waiting].max(axis=1)
            waiting, place, best = (x[is_asking] for x in (waiting, place, best))
            if not len(waiting):
                break
            loss = best - np.maximum(margin[is_asking].max(axis=1), 0)
            won, spent = _winners(items[waiting, place], loss, left, limits.cost, budget)
            winners = waiting[won]
            found[winners] = items[winners, place[won]]
            worth[winners] = values[winners, place[won]]
            left -= np.bincount(found[winners], minlength=len(left))
            budget -= spent
            waiting = np.delete(waiting, won)
    return _with_shares(found, worth, limits)


def _winners(
    items: NDArray[np.integer],
    loss: NDArray[np.float64],
    left: NDArray[np.int64],
    cost: NDArray[np.float32],
    budget: float,
) -> tuple[NDArray[np.int64], float]:
    """Of users who ask for items, those who get theirs; and what that costs."""
    order = np.lexsort((-loss, items))
    first = np.searchsorted(items[order], items[order], side="left")
    won = order[np.arange(len(order)) - first < left[items[order]]]
    if np.isfinite(budget):
        won = won[np.argsort(-loss[won] / np.maximum(cost[items[won]], 1e-12), kind="stable")]
        won = won[np.cumsum(cost[items[won]], dtype=np.float64) <= budget]
    return won, float(cost[items[won]].sum(dtype=np.float64))


def _with_shares(
    found: NDArray[np.int64], worth: NDArray[np.float64], limits: Limits
) -> NDArray[np.int64]:
    """Without the least valuable items that stand in the way of the minimum shares."""
    found = found.copy()
    for _ in range(len(limits.shares) ** 2):
        for member, share in zip(limits.member, limits.shares, strict=True):
            shown = np.flatnonzero(found != NONE)
            inside = member[found[shown]] > 0
            most = int(inside.sum() / share + 1e-9) if share > 0 else len(shown)
            if len(shown) > most:
                others = shown[~inside]
                dropped = others[np.argsort(worth[others], kind="stable")][: len(shown) - most]
                found[dropped] = NONE
    return found
