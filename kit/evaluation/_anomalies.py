"""Anomalies of time series: the tail of deviations, planted anomalies, and how many are found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kit.data.series import SeriesData
from kit.evaluation._forecast_windows import (
    MOST_VALID_WINDOWS,
    inputs_of,
    targets_of,
    windows_of,
)
from kit.models import Forecaster, deviation

# Shares of deviations that are larger than each knot of the tail, and the fewest such deviations.
SHARES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005)
FEWEST_BEYOND = 20
# Exponents of the power law beyond: a few giant values must not make everything usual, nor their
# absence all others impossible.
LEAST_EXPONENT, MOST_EXPONENT = 1.0, 20.0
LAST_KNOT = 5.0
WINDOWS_AT_ONCE = 4096
SPIKE, DROP, SHIFT = "spike", "drop", "level shift"


def deviation_tail(model: Forecaster, data: SeriesData) -> NDArray[np.float32]:
    """How often values of valid deviate how far from their forecasts.

    Args:
        model: calibrated.
        data: its series.

    Returns:
        float32 [2, knots], see `kit.models.tail_probability`: the empirical distribution as far as
        there are values, beyond it the power law that Hill's estimator finds.

    Source: Hill (1975), A simple general approach to inference about the tail of a distribution.
    """
    rows, origins = windows_of(data, "valid", 0, MOST_VALID_WINDOWS)
    found = []
    for begin in range(0, len(rows), WINDOWS_AT_ONCE):
        batch = rows[begin : begin + WINDOWS_AT_ONCE], origins[begin : begin + WINDOWS_AT_ONCE]
        inputs = inputs_of(data, batch, model.lookback)
        found.append(np.asarray(deviation(model, inputs, targets_of(data, batch))).ravel())
    return tail_of(np.concatenate(found))


def tail_of(deviations: NDArray[np.floating]) -> NDArray[np.float32]:
    """The tail of deviations, see `deviation_tail`.

    Example:

    >>> from kit.models import tail_probability
    >>> usual = np.random.default_rng(0).standard_normal(20_000)
    >>> tail = tail_of(usual)
    >>> [round(float(tail_probability(x, tail)), 3) for x in (0.0, 1.0, 2.0)]
    [1.0, 0.293, 0.044]
    """
    size = np.sort(np.log1p(np.abs(deviations[np.isfinite(deviations)].astype(np.float64))))
    shares = [share for share in SHARES if share * len(size) >= FEWEST_BEYOND] or [1.0]
    place = [0.0] + [float(np.quantile(size, 1 - share)) for share in shares[1:] if len(size)]
    for knot in range(1, len(place)):
        place[knot] = max(place[knot], place[knot - 1] + 1e-3)
    beyond = size[size > place[-1]] - place[-1]
    exponent = (
        float(np.clip(1 / max(beyond.mean(), 1e-9), LEAST_EXPONENT, MOST_EXPONENT))
        if len(beyond)
        else MOST_EXPONENT
    )
    place, share = [*place, place[-1] + LAST_KNOT], [np.log(x) for x in shares]
    return np.array([place, [*share, share[-1] - LAST_KNOT * exponent]], np.float32)


@dataclass(frozen=True)
class AnomalyDetection:
    """How well scores tell anomalies.

    Args:
        score: float [series, steps], larger is more unusual; NaN where there is no value.
        flagged: bool of that shape.
        label: bool of that shape, the anomalies.
    """

    score: NDArray[np.floating]
    flagged: NDArray[np.bool_]
    label: NDArray[np.bool_]

    def summary(self) -> dict[str, float]:
        """F1 of events, precision, recall of events, and average precision of the scores.

        An event is a run of anomalous steps; it is found if one of them is flagged. Precision
        counts steps: no flag outside an event is forgiven, and none beside a flag in one is added
        (no point adjustment).

        Source: Garg et al. (2021), An evaluation of anomaly detection and diagnosis in multivariate
        time series.

        Example:

        >>> label = np.array([[0, 1, 1, 0, 0, 1]]) > 0
        >>> flagged = np.array([[0, 1, 0, 1, 0, 0]]) > 0
        >>> found = AnomalyDetection(flagged * 1.0, flagged, label).summary()
        >>> [round(found[name], 3) for name in ("precision", "recall", "event F1")]
        [0.5, 0.5, 0.5]
        """
        known = ~np.isnan(self.score)
        flagged, label = self.flagged & known, self.label & known
        begins = label & ~np.pad(label, ((0, 0), (1, 0)))[:, :-1]
        event = np.cumsum(begins.ravel()).reshape(label.shape) * label
        events = int(begins.sum())
        found = len(np.unique(event[flagged & label]))
        recall = found / events if events else np.nan
        flags = int(flagged.sum())
        precision = (flagged & label).sum() / flags if flags else 0.0
        both = precision + recall
        return {
            "event F1": float(2 * precision * recall / both) if both else 0.0,
            "precision": float(precision),
            "recall": recall,
            "average precision": _average_precision(self.score[known], label[known]),
        }


ANOMALY_METRICS = ("event F1", "precision", "recall", "average precision")
"""Names of the metrics of anomalies."""


def _average_precision(score: NDArray[np.floating], label: NDArray[np.bool_]) -> float:
    """Area under the curve of precision over recall, steps one by one; nan without an anomaly.

    Example:

    >>> _average_precision(np.array([0.9, 0.8, 0.1]), np.array([True, False, True]))
    0.8333333333333333
    """
    if not label.any():
        return np.nan
    order = np.argsort(-score, kind="stable")
    # Equal scores are taken together.
    last = np.append(np.diff(score[order]) != 0, True)
    hits = np.cumsum(label[order])[last]
    taken = np.arange(1, len(score) + 1)[last]
    return float((np.diff(hits, prepend=0) * hits / taken).sum() / label.sum())


def plant(
    values: NDArray[np.float64], begin: int, *, share: float, nonnegative: bool, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Series with planted anomalies: spikes, drops, and shifts of the level.

    Args:
        values: float [series, steps].
        begin: the first step that may be changed.
        share: of its steps that anomalies begin at.
        nonnegative: whether values stay from 0.
        seed: of what is changed.

    Returns:
        The changed series, and where they are changed.
    """
    rng = np.random.default_rng(seed)
    changed, label = values.copy(), np.zeros(values.shape, bool)
    before = values[:, :begin]
    usual = np.nanstd(before, axis=1)
    level = np.nan_to_num(np.nanmean(before, axis=1))
    count = max(1, round(share * values[:, begin:].size))
    rows = rng.integers(0, len(values), count)
    steps = rng.integers(begin, values.shape[1], count)
    kinds = rng.choice([SPIKE, DROP, SHIFT], count)
    sizes = rng.uniform(3, 8, count)
    for row, step, kind, size in zip(rows, steps, kinds, sizes, strict=True):
        length = int(rng.integers(3, 9)) if kind == SHIFT else 1
        part = slice(step, step + length)
        amount = size * (usual[row] if usual[row] > 0 else max(abs(level[row]), 1.0))
        new = values[row, part] + (-amount if kind == DROP else amount / (2 if length > 1 else 1))
        new = np.maximum(np.round(new), 0) if nonnegative else new
        # What is 0 already does not drop.
        altered = ~np.isnan(new) & (np.abs(new - values[row, part]) >= min(amount, usual[row]) / 2)
        changed[row, part] = np.where(altered, new, changed[row, part])
        label[row, part] |= altered
    return changed, label


def naive_scores(values: NDArray[np.float64], begin: int, season: int) -> NDArray[np.float64]:
    """Untrained scores: the difference to the value one season before, by its usual size.

    Args:
        values: float [series, steps].
        begin: the first step that is scored.
        season: in steps.

    Returns:
        float64 [series, steps scored]; NaN where there is no value, 0 where there is none before.

    Example:

    >>> naive_scores(np.array([[1.0, 2.0, 1.0, 3.0, 1.0, 9.0]]), 4, 2).round(2).tolist()
    [[0.0, 12.0]]
    """
    gap = np.abs(values[:, season:] - values[:, :-season])
    gap = np.pad(gap, ((0, 0), (season, 0)), constant_values=np.nan)
    usual = np.nan_to_num([np.nanmedian(row) if not np.isnan(row).all() else 0 for row in gap])
    spread = np.nanstd(values, axis=1)
    unit = np.where(usual > 0, usual, np.where(spread > 0, spread, 1))[:, None]
    scored = gap[:, begin:] / unit
    return np.where(np.isnan(values[:, begin:]), np.nan, np.nan_to_num(scored))


def detection_table(
    systems: Mapping[str, NDArray[np.floating]], label: NDArray[np.bool_], rate: float
) -> Sequence[tuple[str, dict[str, float]]]:
    """Metrics of systems at one share of flags, beside scores that are drawn at random.

    Args:
        systems: name to scores, float [series, steps].
        label: the anomalies.
        rate: share of the steps that each system flags.
    """
    first = next(iter(systems.values()))
    drawn = np.where(np.isnan(first), np.nan, np.random.default_rng(0).random(first.shape))
    found = []
    for name, score in {**systems, "random": drawn}.items():
        known = ~np.isnan(score)
        least = np.quantile(score[known], 1 - rate) if known.any() else np.inf
        flagged = np.nan_to_num(score, nan=-np.inf) > least
        found.append((name, AnomalyDetection(score, flagged, label).summary()))
    return found
