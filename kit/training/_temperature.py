"""Calibration of classifiers by temperature scaling."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

# Bounds of the natural logarithm of the temperature.
RANGE = (-3.0, 3.0)


def calibrate(head: Any, probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Divide a classifier's last layer by the temperature with the least log loss.

    The predicted classes do not change; their confidence does, for all classes alike.

    Args:
        head: the linear layer of the logits; a `keras.layers.Dense`.
        probabilities: float [rows, classes], predictions for rows the model was not trained on.
        labels: int [rows], their classes.

    Returns:
        The temperature; above 1 if the model was overconfident.

    Source: Guo et al. (2017), On calibration of modern neural networks.

    Example:

    >>> import keras
    >>> head = keras.layers.Dense(2)
    >>> head.build((None, 1))
    >>> predicted = [[0.99, 0.01]] * 4
    >>> temperature = calibrate(head, predicted, [0, 0, 0, 1])
    >>> round(temperature, 2)  # correct three times out of four: log 99 / log 3
    4.18
    """
    logits = np.log(np.maximum(np.asarray(probabilities, np.float64), 1e-30))
    rows, labels = np.arange(len(logits)), np.asarray(labels)

    def log_loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        normal = np.logaddexp.reduce(scaled, axis=1)
        return float(np.mean(normal - scaled[rows, labels]))

    temperature = float(np.exp(minimize_scalar(log_loss, bounds=RANGE, method="bounded").x))
    head.set_weights([weight / temperature for weight in head.get_weights()])
    return temperature
