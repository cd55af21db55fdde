"""Probabilities that mean what they say."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

# Of the natural logarithm of the temperature.
RANGE = (-3.0, 3.0)


def calibrate(head: Any, probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Divide a classifier's last layer by the temperature that suits what it has not learned from.

    What is said stays the same; how surely it is said changes, for all classes alike.

    Args:
        head: the linear layer that gives the logits; a `keras.layers.Dense`.
        probabilities: float [rows, classes], what the model says of rows it was not trained on.
        labels: int [rows], their classes.

    Returns:
        The temperature; above 1 where the model was too sure.

    Source: Guo et al. (2017), On calibration of modern neural networks.

    Example:

    >>> import keras
    >>> head = keras.layers.Dense(2)
    >>> head.build((None, 1))
    >>> said = [[0.99, 0.01]] * 4
    >>> temperature = calibrate(head, said, [0, 0, 0, 1])
    >>> round(temperature, 2)  # what is right three times in four: log 99 / log 3
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
