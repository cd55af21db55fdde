"""Metrics of predicted probabilities of binary labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.table import RankingRows
from kit.evaluation._classes import BINS, ECE, LOSS
from kit.metrics import (
    Estimate,
    Estimates,
    auc,
    bootstrap_aucs,
    bootstrap_intervals,
    calibration_error,
    check_binary,
    grouped_aucs,
    log_losses,
)

ROWS_AT_ONCE = 8192
AUC = "AUC"
"""The area under the ROC curve."""
GROUPED = "grouped AUC"


def logits_of(model: keras.Model, encoded: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Logits of the model in its current state, float32 [rows, labels].

    Args:
        model: returns logits.
        encoded: its inputs, of all rows.
    """
    rows = len(next(iter(encoded.values())))
    parts = []
    for start in range(0, rows, ROWS_AT_ONCE):
        batch = {name: values[start : start + ROWS_AT_ONCE] for name, values in encoded.items()}
        parts.append(np.asarray(model(batch, training=False), np.float32))
    return np.concatenate(parts)


def probabilities_of(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """The logistic function.

    Example:

    >>> probabilities_of(np.float32([0]))
    array([0.5], dtype=float32)
    """
    return np.asarray(tf.sigmoid(logits))


@dataclass(frozen=True)
class Classification:
    """Predicted probabilities of one label, with the true labels.

    Args:
        labels: float32 [rows], 0 or 1.
        probabilities: float32 [rows].
        groups: int64 [rows], the groups of grouped AUC; or None.

    Raises:
        ValueError: a label is neither 0 nor 1, or a probability is invalid.

    Example:

    >>> found = Classification(np.array([0, 1.0]), np.array([0.2, 0.9]), None)
    >>> found.summary()["AUC"]
    1.0
    """

    labels: NDArray[np.floating]
    probabilities: NDArray[np.floating]
    groups: NDArray[np.int64] | None

    def __post_init__(self) -> None:
        check_binary(self.labels, self.probabilities)

    @classmethod
    def of(
        cls, rows: RankingRows, probabilities: NDArray[np.floating], label: int = 0
    ) -> "Classification":
        """Predictions of one label of a part, without the rows whose label is missing.

        Args:
            rows: the part.
            probabilities: [rows, labels], or [rows].
            label: index of the label.
        """
        known = ~np.isnan(rows.labels[:, label])
        said = probabilities[:, label] if probabilities.ndim == 2 else probabilities
        groups = None if rows.group is None else rows.group[known]
        return cls(rows.labels[known, label], said[known], groups)

    @cached_property
    def groups_left_out(self) -> tuple[int, int]:
        """Number of groups in grouped AUC, and of those left out, which have one class only."""
        missing = np.isnan(self._by_group[0])
        return int((~missing).sum()), int(missing.sum())

    @cached_property
    def _by_group(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        assert self.groups is not None
        return grouped_aucs(self.labels, self.probabilities, self.groups)

    @cached_property
    def _losses(self) -> NDArray[np.float64]:
        return log_losses(self.labels, self.probabilities)

    @cached_property
    def _aucs(self) -> NDArray[np.float64]:
        return bootstrap_aucs(self.labels, self.probabilities)

    @property
    def metrics(self) -> list[str]:
        """Names of the available metrics."""
        return [AUC, *([] if self.groups is None else [GROUPED]), LOSS, ECE]

    def summary(self) -> dict[str, float]:
        """AUC, grouped AUC if there are groups, log loss, calibration error (ECE)."""
        found = {AUC: auc(self.labels, self.probabilities)}
        if self.groups is not None:
            values, sizes = self._by_group
            known = ~np.isnan(values)
            found[GROUPED] = (
                float(np.average(values[known], weights=sizes[known])) if known.any() else np.nan
            )
        found[LOSS] = float(self._losses.mean()) if len(self._losses) else np.nan
        found[ECE] = calibration_error(self.labels, self.probabilities, BINS)
        return found

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % bootstrap intervals, over rows and for grouped AUC over groups; none of ECE.

        Resampling biases the calibration error upwards, so its interval would not contain it.
        """
        return {
            name: (x.low, x.high) for name, x in self.estimates().items() if not np.isnan(x.low)
        }

    def estimates(self) -> Estimates:
        """Every metric with its interval."""
        means = self.summary()
        found = {AUC: _interval(means[AUC], self._aucs)}
        if self.groups is not None:
            found[GROUPED] = _interval(means[GROUPED], _group_means(*self._by_group))
        low, high = bootstrap_intervals(self._losses[:, None])[0]
        found[LOSS] = Estimate(means[LOSS], float(low), float(high))
        found[ECE] = Estimate(means[ECE])
        return found

    def minus(self, other: "Classification") -> Estimates:
        """Differences to another system's probabilities of the same rows, from paired resamples.

        Raises:
            ValueError: the rows differ.
        """
        if not np.array_equal(self.labels, other.labels):
            raise ValueError("Differences need the same rows.")
        means, others = self.summary(), other.summary()
        gap = {name: means[name] - others[name] for name in means}
        found = {AUC: _interval(gap[AUC], self._aucs - other._aucs)}
        if self.groups is not None:
            values, sizes = self._by_group
            found[GROUPED] = _interval(
                gap[GROUPED], _group_means(values - other._by_group[0], sizes)
            )
        low, high = bootstrap_intervals((self._losses - other._losses)[:, None])[0]
        found[LOSS] = Estimate(gap[LOSS], float(low), float(high))
        found[ECE] = Estimate(gap[ECE])
        return found


def _interval(mean: float, resampled: NDArray[np.float64]) -> Estimate:
    known = resampled[~np.isnan(resampled)]
    if not len(known):
        return Estimate(mean)
    low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(mean, float(low), float(high))


def _group_means(
    values: NDArray[np.float64], sizes: NDArray[np.int64], resamples: int = 1000
) -> NDArray[np.float64]:
    """Weighted means of resamples of the groups that have a value."""
    known = ~np.isnan(values)
    values, weights = values[known], sizes[known].astype(np.float64)
    if not len(values):
        return np.full(1, np.nan)
    rng = np.random.default_rng(0)
    found = np.empty(resamples)
    for number in range(resamples):
        times = np.bincount(rng.integers(0, len(values), len(values)), minlength=len(values))
        found[number] = (times * weights) @ values / (times @ weights)
    return found


@dataclass(frozen=True)
class Predictions:
    """Predicted probabilities of all labels of a model.

    Args:
        of_labels: label to its classification. With several labels, the metrics carry their names:
            "AUC of click".
    """

    of_labels: Mapping[str, Classification]

    @classmethod
    def of(
        cls, rows: RankingRows, labels: Sequence[str], probabilities: NDArray[np.floating]
    ) -> "Predictions":
        """Predictions of a part.

        Args:
            rows: the part.
            labels: their names.
            probabilities: [rows, labels].
        """
        return cls(
            {name: Classification.of(rows, probabilities, n) for n, name in enumerate(labels)}
        )

    def metric(self, metric: str, label: str) -> str:
        """The name of a label's metric."""
        return metric if len(self.of_labels) == 1 else f"{metric} of {label}"

    def summary(self) -> dict[str, float]:
        """Every metric of every label."""
        return self._named({label: x.summary() for label, x in self.of_labels.items()})

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % bootstrap intervals, see `Classification.intervals`."""
        return self._named({label: x.intervals() for label, x in self.of_labels.items()})

    def estimates(self) -> Estimates:
        """Every metric with its interval."""
        return self._named({label: x.estimates() for label, x in self.of_labels.items()})

    def minus(self, other: "Predictions") -> Estimates:
        """Differences to another system on the same rows."""
        return self._named(
            {label: x.minus(other.of_labels[label]) for label, x in self.of_labels.items()}
        )

    def mean_auc(self) -> float:
        """The validation metric of training: the mean over labels."""
        return float(np.mean([auc(x.labels, x.probabilities) for x in self.of_labels.values()]))

    def _named(self, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        return {
            self.metric(metric, label): value
            for label, values in found.items()
            for metric, value in values.items()
        }
