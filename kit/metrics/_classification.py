"""How well probabilities tell two classes apart and say how sure they are, by definition."""

import numpy as np
from numpy.typing import NDArray

from kit.metrics._checks import binary, check_finite, same_length, weights_of
from kit.metrics._checks import probabilities as _checked

SMALLEST = 1e-7
MOST_DRAWN = 3 * 10**8

Floats = NDArray[np.floating]


def auc(labels: Floats, scores: Floats, weights: Floats | None = None) -> float:
    """Area under the ROC curve: how often a positive scores above a negative; a tie is half.

    Args:
        labels: [rows], 0 or 1.
        scores: [rows], larger is more likely 1.
        weights: [rows], how often each row counts; None for once.

    Returns:
        nan where there is only one class.

    Raises:
        ValueError: a label is neither 0 nor 1, or a score is NaN or infinite.

    Source: Hanley and McNeil (1982), The meaning and use of the area under a ROC curve.

    Example:

    >>> auc(np.array([0, 1, 1]), np.array([0.2, 0.2, 0.9]))
    0.75
    """
    labels, scores = binary(labels), check_finite(scores, "scores")
    weights = np.ones(len(labels)) if weights is None else weights_of(weights)
    same_length(labels=labels, scores=scores, weights=weights)
    order = np.argsort(scores, kind="stable")
    return _auc_of_sorted(labels[order], _ties(scores[order]), weights[order])


def _ties(scores: Floats) -> NDArray[np.int64]:
    """Where each run of equal scores begins, of sorted ones."""
    return (
        np.flatnonzero(np.r_[True, scores[1:] != scores[:-1]]) if len(scores) else np.zeros(0, int)
    )


def _auc_of_sorted(labels: Floats, ties: NDArray[np.int64], weights: Floats) -> float:
    if not len(labels):
        return float("nan")
    ones = np.add.reduceat(weights * labels, ties)
    zeros = np.add.reduceat(weights * (1 - labels), ties)
    pairs = ones.sum() * zeros.sum()
    below = np.cumsum(zeros) - zeros / 2
    return float(ones @ below / pairs) if pairs else float("nan")


def grouped_auc(
    labels: Floats, scores: Floats, groups: NDArray[np.integer]
) -> tuple[float, int, int]:
    """Mean of the AUC of each group, weighted by its rows; what orders one person's list.

    Args:
        labels: [rows], 0 or 1.
        scores: [rows].
        groups: int [rows].

    Returns:
        The mean (nan where there is none), how many groups entered it, and how many were left out
        because they have only one class.

    Raises:
        ValueError: a label is neither 0 nor 1, or a score is NaN or infinite.

    Source: Zhu et al. (2017), Optimized cost per click in Taobao display advertising.

    Example:

    >>> labels, scores = np.array([0, 1, 1, 1]), np.array([0.1, 0.9, 0.2, 0.3])
    >>> grouped_auc(labels, scores, np.array([1, 1, 2, 2]))
    (1.0, 1, 1)
    """
    values, sizes = grouped_aucs(labels, scores, groups)
    known = ~np.isnan(values)
    if not known.any():
        return float("nan"), 0, len(values)
    mean = float(np.average(values[known], weights=sizes[known]))
    return mean, int(known.sum()), int((~known).sum())


def grouped_aucs(
    labels: Floats, scores: Floats, groups: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """AUC of each group, nan where it has one class, and its rows.

    Raises:
        ValueError: a label is neither 0 nor 1, or a score is NaN or infinite.
    """
    labels, scores, groups = binary(labels), check_finite(scores, "scores"), np.asarray(groups)
    same_length(labels=labels, scores=scores, groups=groups)
    if not len(labels):
        return np.zeros(0), np.zeros(0, np.int64)
    group = np.unique(groups, return_inverse=True)[1]
    order = np.lexsort((scores, group))
    group, label, score = group[order], labels[order].astype(np.float64), scores[order]
    sizes = np.bincount(group)
    begin = np.cumsum(sizes) - sizes
    starts = np.flatnonzero(np.r_[True, (score[1:] != score[:-1]) | (group[1:] != group[:-1])])
    ones = np.add.reduceat(label, starts)
    zeros = np.add.reduceat(1 - label, starts)
    zeros_before = np.cumsum(1 - label) - (1 - label)
    below = np.cumsum(zeros) - zeros / 2 - zeros_before[begin][group[starts]]
    won = np.bincount(group[starts], weights=ones * below, minlength=len(sizes))
    positives = np.bincount(group, weights=label, minlength=len(sizes))
    pairs = positives * (sizes - positives)
    return np.where(pairs > 0, won / np.maximum(pairs, 1), np.nan), sizes


def log_losses(labels: Floats, probabilities: Floats) -> NDArray[np.float64]:
    """Minus the logarithm of the probability given to what happened, float64 [rows].

    Probabilities are kept 1e-7 away from 0 and 1.

    Raises:
        ValueError: a label is neither 0 nor 1, or a probability is none.

    Example:

    >>> log_losses(np.array([1.0]), np.array([0.5])).round(4)
    array([0.6931])
    """
    labels, chances = binary(labels), _checked(probabilities)
    same_length(labels=labels, probabilities=chances)
    kept = np.clip(chances.astype(np.float64), SMALLEST, 1 - SMALLEST)
    return -np.where(labels > 0, np.log(kept), np.log1p(-kept))


def reliability(
    labels: Floats, probabilities: Floats, bins: int = 20
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Mean probability and share of positives in bins of equally many rows, by probability.

    Args:
        labels: [rows], 0 or 1.
        probabilities: [rows].
        bins: at most; rows of one probability stay together.

    Returns:
        float64 [bins], float64 [bins] and int64 [bins], the rows of each.

    Raises:
        ValueError: a label is neither 0 nor 1, or a probability is none.

    Example:

    >>> said, found, rows = reliability(np.array([0, 1]), np.array([0.2, 0.6]), bins=2)
    >>> said.tolist(), found.tolist()
    ([0.2, 0.6], [0.0, 1.0])
    """
    labels, chances = binary(labels), _checked(probabilities)
    same_length(labels=labels, probabilities=chances)
    order = np.argsort(chances, kind="stable")
    label, said = labels[order].astype(np.float64), chances[order].astype(np.float64)
    starts = _ties(said)
    # A bin begins with the first run of equal probabilities at or behind its share of the rows.
    wanted = np.arange(bins) * len(said) / bins
    places = np.searchsorted(starts, wanted)
    edges = np.unique(starts[places[places < len(starts)]])
    rows = np.diff(np.r_[edges, len(said)])
    return np.add.reduceat(said, edges) / rows, np.add.reduceat(label, edges) / rows, rows


def calibration_error(labels: Floats, probabilities: Floats, bins: int = 20) -> float:
    """Expected calibration error: mean distance of what was said and what happened, by bins.

    Bins hold equally many rows (`reliability`); with bins of equal width most of them would be
    nearly empty where clicks are rare.

    Source: Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using
    Bayesian binning; bins of equal mass as in Nguyen and O'Connor (2015).

    Raises:
        ValueError: a label is neither 0 nor 1, or a probability is none.

    Example:

    >>> round(calibration_error(np.array([0, 1]), np.array([0.2, 0.6]), bins=2), 4)
    0.3
    """
    if not len(labels):
        return float("nan")
    said, found, rows = reliability(labels, probabilities, bins)
    return float(np.abs(said - found) @ rows / rows.sum())


def bootstrap_aucs(
    labels: Floats, scores: Floats, *, resamples: int = 1000, seed: int = 0
) -> NDArray[np.float64]:
    """AUC of resamples of the rows, float64 [resamples]; of two systems they are paired.

    Of many rows fewer resamples are drawn, at least 100: so many rows need them less.

    Args:
        labels: [rows], 0 or 1.
        scores: [rows].
        resamples: with replacement.
        seed: of the draw; the same rows are drawn whatever the scores.

    Raises:
        ValueError: a label is neither 0 nor 1, or a score is NaN or infinite.
    """
    labels, scores = binary(labels), check_finite(scores, "scores")
    same_length(labels=labels, scores=scores)
    rows = len(labels)
    resamples = int(np.clip(MOST_DRAWN // max(rows, 1), 100, resamples))
    order = np.argsort(scores, kind="stable")
    label, ties = labels[order].astype(np.float64), _ties(scores[order])
    rng = np.random.default_rng(seed)
    found = np.empty(resamples)
    for number in range(resamples):
        times = np.bincount(rng.integers(0, rows, rows), minlength=rows)
        found[number] = _auc_of_sorted(label, ties, times[order].astype(np.float64))
    return found
