"""From scores to probabilities, on visits that came after training."""

from collections.abc import Iterable

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from kit.exporting import ScoreTable

KNOTS = 6
BINS = 200
# Bins become finer towards the best scores, which decide what is shown.
FINEST = 1e-6


def isotonic_table(
    parts: Iterable[tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]],
) -> ScoreTable:
    """Isotonic regression of purchases on scores, as a function of few pieces.

    Args:
        parts: scores, how often each was seen, and how often it led to a purchase; arrays of one
            shape, in parts. Read twice, so it has to be a list or the like.

    Returns:
        The non-decreasing function that fits best, linear between six scores.

    Source: Zadrozny and Elkan (2002), Transforming classifier scores into accurate multiclass
    probability estimates.

    Example:

    >>> scores = np.float32([0, 1, 2, 3])
    >>> table = isotonic_table([(scores, np.full(4, 10), np.float32([0, 2, 1, 9]))])
    >>> table.of(scores).round(2).tolist() == np.float32([0, 0.15, 0.15, 0.9]).tolist()
    True
    """
    edges = None
    total = np.zeros((3, BINS + 2))
    for scores, seen, bought in parts:
        if edges is None:
            tail = 1 - np.geomspace(1, FINEST, BINS)
            edges = np.unique(np.quantile(scores, tail))
        place = np.searchsorted(edges, scores.ravel(), side="left")
        for row, weights in enumerate((seen, seen * scores, bought)):
            total[row] += np.bincount(place, weights.ravel(), minlength=BINS + 2)
    seen, score, bought = total[:, total[0] > 0]
    level = scipy.optimize.isotonic_regression(bought / seen, weights=seen).x
    at = score / seen
    chosen = _knots(at, level, seen)
    return ScoreTable(at[chosen].astype(np.float32), level[chosen].astype(np.float32))


def _knots(
    at: NDArray[np.float64], level: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Places between which straight lines come closest, the worst one added again and again."""
    # What is wrong by a factor matters as much where purchases are rare.
    weight = weight / np.maximum(level, 1e-9)
    # Neighbours that float32 does not tell apart have no slope.
    is_apart = np.append(True, np.diff(at.astype(np.float32)) > 0)
    places = np.flatnonzero(is_apart)
    if len(places) < 2:
        return np.array([0, 0])
    chosen = [places[0], places[-1]]
    while len(chosen) < min(KNOTS, len(places)):
        error = weight * (np.interp(at, at[chosen], level[chosen]) - level) ** 2
        error[~is_apart] = -1
        error[chosen] = -1
        chosen = sorted([*chosen, int(error.argmax())])
    return np.array(chosen)
