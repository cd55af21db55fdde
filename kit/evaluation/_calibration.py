"""Calibration of predicted probabilities."""

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from kit.metrics import check_finite

FEWEST_ROWS = 20
PRIOR = 1.0


def calibration(
    labels: NDArray[np.floating], logits: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Platt scaling: scale and shift of the logits of each label.

    A model trained until its ranking metric peaks is usually overconfident. Two parameters a label,
    fitted by log loss on rows it was not trained on, correct most of that and change no order. A
    weak prior keeps them near 1 and 0 if rows are few.

    Args:
        labels: [rows, labels], 0, 1 or NaN.
        logits: [rows, labels].

    Returns:
        Scale and shift, each float32 [labels].

    Source: Platt (1999), Probabilistic outputs for support vector machines.

    Example:

    >>> sure = np.repeat([[4.0], [-4.0]], 500, axis=0)
    >>> right = np.tile([[1.0], [1.0], [1.0], [0.0]], [250, 1])
    >>> right[500:] = 1 - right[500:]
    >>> scale, shift = calibration(right, sure)
    >>> scale.round(2), abs(shift.round(2))
    (array([0.28], dtype=float32), array([0.], dtype=float32))
    """
    check_finite(logits, "logits")
    found = np.stack([[1.0] * labels.shape[1], [0.0] * labels.shape[1]])
    for column in range(labels.shape[1]):
        known = ~np.isnan(labels[:, column])
        if known.sum() >= FEWEST_ROWS:
            found[:, column] = _fitted(
                labels[known, column].astype(np.float64), logits[known, column].astype(np.float64)
            )
    return found[0].astype(np.float32), found[1].astype(np.float32)


def _fitted(labels: NDArray[np.float64], logits: NDArray[np.float64]) -> tuple[float, float]:
    def loss(place: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        # The logarithm of the scale is optimized: a negative scale would reverse the order.
        scaled = np.exp(place[0]) * logits
        moved = scaled + place[1]
        value = np.logaddexp(0, moved).sum() - labels @ moved + PRIOR / 2 * place @ place
        wrong = 1 / (1 + np.exp(-moved)) - labels
        return value, np.array([wrong @ scaled, wrong.sum()]) + PRIOR * place

    place = scipy.optimize.minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B").x
    return float(np.exp(place[0])), float(place[1])
