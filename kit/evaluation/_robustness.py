"""Accuracy of classifiers on changed inputs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.evaluation._classes import ACCURACY, ClassPredictions
from kit.metrics import Estimate, Estimates

MOST_EXAMPLES = 1000
"""Examples that robustness is measured on at most, unless more are asked for."""
UNCHANGED = "unchanged"
"""What the examples as they are are called, beside the changes."""


@dataclass(frozen=True)
class Robustness:
    """Predictions of one classifier for the same examples, as they are and changed.

    Args:
        protocol: how they were measured.
        unchanged: predictions for the examples as they are.
        changed: name of a change to the predictions for the changed examples.
        left_out: name of a change to the reason why it was not measured.

    Example:

    >>> clean = ClassPredictions(np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]))
    >>> noisy = ClassPredictions(np.array([0, 1]), np.array([[0.9, 0.1], [0.7, 0.3]]))
    >>> found = Robustness("2 examples", clean, {"noise": noisy})
    >>> found.accuracies["noise"].mean, found.differences["noise"].mean
    (0.5, -0.5)
    """

    protocol: str
    unchanged: ClassPredictions
    changed: Mapping[str, ClassPredictions]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def accuracies(self) -> Estimates:
        """Accuracy with its 95 % interval, of the unchanged examples and of each change."""
        every = {UNCHANGED: self.unchanged, **self.changed}
        return {name: found.estimates()[ACCURACY] for name, found in every.items()}

    @property
    def differences(self) -> Estimates:
        """Accuracy with each change minus accuracy without, from paired resamples."""
        return {name: found.minus(self.unchanged)[ACCURACY] for name, found in self.changed.items()}

    def facts(self) -> dict[str, Any]:
        """Protocol, `metrics` (accuracies), `differences` and what was left out, for JSON."""
        return {
            "protocol": self.protocol,
            "metrics": {name: _limits(one) for name, one in self.accuracies.items()},
            "differences": {name: _limits(one) for name, one in self.differences.items()},
            "left_out": dict(self.left_out),
        }


def _limits(one: Estimate) -> dict[str, float]:
    return {"mean": float(one.mean), "low": float(one.low), "high": float(one.high)}


def drawn_rows(rows: int, most: int, seed: int) -> NDArray[np.int64]:
    """Numbers of at most `most` rows, in their order; which ones follows from the seed."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).permutation(rows)[:most])


def how_many(rows: int, every: int, noun: str, seed: int) -> str:
    """`accuracy on 1,000 of 2,000 images of test, drawn with seed 0`, for protocols."""
    drawn = f"{rows:,} of {every:,}" if rows < every else f"all {rows:,}"
    return (
        f"accuracy on {drawn} {noun} of test{f', drawn with seed {seed}' if rows < every else ''}"
    )


def stacked(parts: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
    """Batches of probabilities as one array."""
    return np.concatenate(parts).astype(np.float32)


Predict = Callable[[Any], NDArray[np.floating]]
