"""Metrics of binary classification: AUC, log loss, calibration."""

import numpy as np
from numpy.typing import NDArray

from kit.metrics._checks import binary, check_finite, same_length, weights_of
from kit.metrics._checks import probabilities as _checked

SMALLEST = 1e-7
MOST_DRAWN = 3 * 10**8

Floats = NDArray[np.floating]


def auc(labels: Floats, scores: Floats, weights: Floats | None = None) -> float:
    """Area under the ROC curve: probability that a positive outscores a negative; ties count half.

    Args:
        labels: [rows], 0 or 1.
        scores: [rows], higher means more likely 1.
        weights: [rows], sample weights; None for 1.

    Returns:
        The area; nan if there is only one class.

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
    """Start index of each run of equal scores; the scores are sorted."""
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
    """Grouped AUC: mean of the AUC per group (such as a user), weighted by its number of rows.

    Args:
        labels: [rows], 0 or 1.
        scores: [rows].
        groups: int [rows], the group of each row.

    Returns:
        The mean (nan without groups), the number of groups in it, and the number of groups skipped
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
    is_defined = ~np.isnan(values)
    if not is_defined.any():
        return float("nan"), 0, len(values)
    mean = float(np.average(values[is_defined], weights=sizes[is_defined]))
    return mean, int(is_defined.sum()), int((~is_defined).sum())


def grouped_aucs(
    labels: Floats, scores: Floats, groups: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """AUC and number of rows of each group; nan for groups with only one class.

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
    """Log loss of each row, float64 [rows]: minus the logarithm of the probability of its label.

    Probabilities are clipped to [1e-7, 1 - 1e-7].

    Raises:
        ValueError: a label is neither 0 nor 1, or a probability is invalid.

    Example:

    >>> log_losses(np.array([1.0]), np.array([0.5])).round(4)
    array([0.6931])
    """
    labels, predicted = binary(labels), _checked(probabilities)
    same_length(labels=labels, probabilities=predicted)
    clipped = np.clip(predicted.astype(np.float64), SMALLEST, 1 - SMALLEST)
    return -np.where(labels > 0, np.log(clipped), np.log1p(-clipped))


def reliability(
    labels: Floats, probabilities: Floats, bins: int = 20
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Reliability curve: mean predicted probability and share of positives in equal-mass bins.

    Args:
        labels: [rows], 0 or 1.
        probabilities: [rows].
        bins: maximum number of bins; rows with equal probabilities stay in one bin.

    Returns:
        Mean probabilities, float64 [bins]; shares of positives, float64 [bins]; and the number of
        rows of each bin, int64 [bins].

    Raises:
        ValueError: a label is neither 0 nor 1, or a probability is invalid.

    Example:

    >>> predicted, observed, rows = reliability(np.array([0, 1]), np.array([0.2, 0.6]), bins=2)
    >>> predicted.tolist(), observed.tolist()
    ([0.2, 0.6], [0.0, 1.0])
    """
    labels, predicted = binary(labels), _checked(probabilities)
    same_length(labels=labels, probabilities=predicted)
    order = np.argsort(predicted, kind="stable")
    label, ordered = labels[order].astype(np.float64), predicted[order].astype(np.float64)
    starts = _ties(ordered)
    # A bin begins at the first run of equal probabilities at or after its quantile.
    quantiles = np.arange(bins) * len(ordered) / bins
    runs = np.searchsorted(starts, quantiles)
    edges = np.unique(starts[runs[runs < len(starts)]])
    rows = np.diff(np.r_[edges, len(ordered)])
    return np.add.reduceat(ordered, edges) / rows, np.add.reduceat(label, edges) / rows, rows


def calibration_error(labels: Floats, probabilities: Floats, bins: int = 20) -> float:
    """Expected calibration error: mean of |predicted - observed| over equal-mass bins.

    See `reliability` for the bins. With bins of equal width, most would be nearly empty when
    positives are rare.

    Source: Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using
    Bayesian binning; bins of equal mass as in Nguyen and O'Connor (2015).

    Raises:
        ValueError: a label is neither 0 nor 1, or a probability is invalid.

    Example:

    >>> round(calibration_error(np.array([0, 1]), np.array([0.2, 0.6]), bins=2), 4)
    0.3
    """
    if not len(labels):
        return float("nan")
    predicted, observed, rows = reliability(labels, probabilities, bins)
    return float(np.abs(predicted - observed) @ rows / rows.sum())


def bootstrap_aucs(
    labels: Floats, scores: Floats, *, resamples: int = 1000, seed: int = 0
) -> NDArray[np.float64]:
    """AUC of bootstrap resamples of the rows, float64 [resamples].

    With the same seed, the resamples of two systems are paired. With many rows, fewer resamples are
    drawn, but at least 100.

    Args:
        labels: [rows], 0 or 1.
        scores: [rows].
        resamples: maximum number of resamples.
        seed: random seed; the same rows are drawn whatever the scores.

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
    aucs = np.empty(resamples)
    for number in range(resamples):
        times = np.bincount(rng.integers(0, rows, rows), minlength=rows)
        aucs[number] = _auc_of_sorted(label, ties, times[order].astype(np.float64))
    return aucs
