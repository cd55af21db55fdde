"""How unusual values are under a forecast."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keras import ops

if TYPE_CHECKING:
    from kit.models._forecaster import Forecaster

# Distances of the outer quantiles from the median count as no less than this share of the scale.
LEAST_WIDTH = 0.1


def deviation(
    model: "Forecaster", inputs: Mapping[str, Any], values: Any, answer: Any = None
) -> Any:
    """How far values lie from the median, by the distance of the outer quantile on their side.

    Args:
        model: forecasts them.
        inputs: of a call of the model.
        values: what happened, float [batch, horizon]; NaN is missing.
        answer: of the model for these inputs, if it is known already.

    Returns:
        float32 [batch, horizon], negative below the median; NaN where a value is missing.

    Example:

    >>> import numpy as np
    >>> from kit.models import Forecaster
    >>> model, zero = Forecaster(horizon=1, lookback=2), np.array([0])
    >>> model.build()
    >>> _ = model.offsets.assign([[[-2, -1, 0, 1, 2]]])
    >>> window = {"history": np.float32([[4, 6]]), "series": zero, "phase": zero}
    >>> float(model(window)[0, 0, 3]), float(model(window)[0, 0, -1])  # median and upper quantile
    (6.0, 8.0)
    >>> deviation(model, window, [[12.0]]).numpy().tolist()
    [[3.0]]
    """
    answer = model(inputs, training=False) if answer is None else answer
    quantiles = answer[:, :, 1:]
    least = LEAST_WIDTH * ops.maximum(model.normalise(inputs)[2], 1e-6)
    median = quantiles[:, :, model.middle]
    above = ops.maximum(quantiles[:, :, -1] - median, least)
    below = ops.maximum(median - quantiles[:, :, 0], least)
    gap = ops.convert_to_tensor(values, "float32") - median
    return gap / ops.where(gap > 0, above, below)


def tail_probability(deviation: Any, tail: Any) -> Any:
    """The share of usual values that deviate as much or more.

    Args:
        deviation: float, of any shape; NaN counts as none.
        tail: float [2, knots], increasing logarithms of 1 + size and, for each, the logarithm of
            the share of deviations that are as large; it is linear between the knots, and beyond
            the last ones (a power law).

    Returns:
        float32 of that shape, from 0 to 1.

    Example:

    >>> import numpy as np
    >>> tail = np.float32([[0, np.log(10), np.log(100)], [0, np.log(0.1), np.log(0.001)]])
    >>> found = tail_probability(np.float32([0, -9, 99, 999, np.nan]), tail).numpy().tolist()
    >>> [f"{x:.3g}" for x in found]
    ['1', '0.1', '0.001', '1e-05', '1']
    """
    deviation, tail = ops.convert_to_tensor(deviation, "float32"), ops.convert_to_tensor(tail)
    size = ops.log1p(ops.abs(ops.where(ops.isfinite(deviation), deviation, 0.0)))
    place, share = tail[0], tail[1]
    slope = (share[1:] - share[:-1]) / (place[1:] - place[:-1])
    bend = ops.concatenate([slope[:1], slope[1:] - slope[:-1]], axis=0)
    beyond = ops.maximum(ops.expand_dims(size, -1) - place[:-1], 0.0)
    return ops.exp(ops.minimum(share[0] + ops.sum(beyond * bend, axis=-1), 0.0))
