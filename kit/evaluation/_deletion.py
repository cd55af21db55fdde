"""Deletion curves: whether the explanations of a recommender are faithful."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.evaluation._evaluate import Evaluation
from kit.evaluation._ranking_task import RankingTask
from kit.metrics import bootstrap_intervals
from kit.progress import stage

MOST_USERS = 200
FEWEST_ITEMS = 5
# Leaving out one item at a time costs the square of this.
LATEST = 20
TENTHS = (1, 2, 3, 4, 5)
RANDOM_ORDERS = 3
ROWS_AT_ONCE = 512

Of = Callable[[NDArray[np.int32], NDArray[np.int32]], Any]
"""Histories [batch, n], -1 for padding, and items [batch] -> float32 [batch, n] or [batch]."""


@dataclass(frozen=True)
class DeletionCurve:
    """What the first recommended item loses when items of the history are removed.

    Losses are of its margin over the average item of the catalogue, as shares of the mean margin
    of all users.

    Args:
        removed: shares of the history that are removed.
        by_contribution: float64 [users, shares], largest contribution first.
        at_random: float64 [users, shares], in random order, the mean of several.
    """

    removed: tuple[float, ...]
    by_contribution: NDArray[np.float64]
    at_random: NDArray[np.float64]

    @property
    def area(self) -> NDArray[np.float64]:
        """float64 [users]: the area between the two curves, the mean over the shares removed."""
        gaps: NDArray[np.float64] = (self.by_contribution - self.at_random).mean(axis=1)
        return gaps

    @property
    def protocol(self) -> str:
        """How it is measured, in one sentence."""
        return (
            f"{len(self.area):,} users of test with at least {FEWEST_ITEMS} items, their latest "
            f"{LATEST} items; random order: mean of {RANDOM_ORDERS}; bootstrap over users"
        )

    def facts(self) -> dict[str, Any]:
        """Means with 95 % intervals, for metrics.json."""
        return {
            "protocol": self.protocol,
            "users": len(self.area),
            "removed": list(self.removed),
            "by_contribution": _estimates(self.by_contribution),
            "at_random": _estimates(self.at_random),
            "area_over_random": _estimates(self.area[:, None])[0],
        }


def _estimates(values: NDArray[np.float64]) -> list[dict[str, float]]:
    return [
        {"mean": float(mean), "low": float(low), "high": float(high)}
        for mean, (low, high) in zip(values.mean(axis=0), bootstrap_intervals(values), strict=True)
    ]


@stage("explain")
def deletion_curve(
    task: RankingTask, result: Evaluation, contributions: Of, margins: Of, *, seed: int = 0
) -> DeletionCurve | None:
    """Remove items of histories by their contribution, and at random.

    Args:
        task: users with their histories.
        result: the recommended lists; the first item of each is explained.
        contributions: of the items of histories to the margin of an item.
        margins: of an item over the average item, for histories.
        seed: of the sample of users and of the random orders.

    Returns:
        The curve; None without a user of enough items.

    Source: Samek et al. (2017), Evaluating the visualization of what a deep neural network has
    learned; for recommenders Barkan et al. (2024), A learning-based approach for explaining
    recommendations.
    """
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero((task.known.lengths >= FEWEST_ITEMS) & (result.top[:, 0] >= 0))
    rows = np.sort(rng.permutation(rows)[:MOST_USERS])
    if not len(rows):
        return None
    codes = task.known.padded(rows, length=LATEST, shift=1) - 1
    items = result.top[rows, 0]
    order = np.where(codes >= 0, -_asked(contributions, codes, items), np.inf)
    keys = [order, *rng.random((RANDOM_ORDERS, *codes.shape))]
    variants = [codes, *(left for key in keys for left in _without(codes, key))]
    values = _asked(margins, np.concatenate(variants), np.tile(items, len(variants)))
    whole, *left = values.astype(np.float64).reshape(len(variants), len(rows))
    lost = (whole - np.stack(left)) / max(np.abs(whole).mean(), np.finfo(np.float32).tiny)
    lost = lost.reshape(1 + RANDOM_ORDERS, len(TENTHS), len(rows)).transpose(0, 2, 1)
    return DeletionCurve(tuple(n / 10 for n in TENTHS), lost[0], lost[1:].mean(axis=0))


def _without(codes: NDArray[np.int32], keys: NDArray[np.floating]) -> list[NDArray[np.int32]]:
    """Histories without the items of the smallest keys, for each share."""
    keys = np.where(codes >= 0, keys, np.inf)
    rank = np.argsort(np.argsort(keys, axis=1, kind="stable"), axis=1)
    count = np.count_nonzero(codes >= 0, axis=1)[:, None]
    # Rounded up, so that one item at least is removed.
    return [np.where(rank < -(-n * count // 10), -1, codes).astype(np.int32) for n in TENTHS]


def _asked(of: Of, codes: NDArray[np.int32], items: NDArray[np.int32]) -> NDArray[np.float32]:
    parts = [
        np.asarray(of(codes[start : start + ROWS_AT_ONCE], items[start : start + ROWS_AT_ONCE]))
        for start in range(0, len(codes), ROWS_AT_ONCE)
    ]
    return np.concatenate(parts)
