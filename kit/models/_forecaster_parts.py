"""What a `Forecaster` is made of that has no weights of its own, and its encoders."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kit.data.series import SeriesData
from kit.layers import ConvolutionEncoder, LastPooling, Perceptron, RecurrentEncoder
from kit.models._sequence_encoder import SequenceEncoder

SMOOTHING = 0.1
# Values of a window beyond this many standard deviations say no more to the network.
FARTHEST = 10.0
SMALLEST_GAP = 1e-3
# Steps of a patch that attention reads as one, and between two of them.
PATCH, STRIDE = 16, 8


def width_of(sizes: Sequence[int]) -> int:
    """Features of covariates with so many categories each."""
    return sum(max(size, 1) for size in sizes)


def covariate_features(
    values: Any, sizes: Sequence[int], centre: Any, spread: Any, share: Any
) -> Any:
    """Numbers in deviations, categories one-hot minus their shares: [batch, steps, features].

    Args:
        values: float32 [batch, steps, covariates].
        sizes: number of categories of each covariate, 0 of a number.
        centre: of numbers, float32 [batch or 1, covariates].
        spread: of the same shape.
        share: of categories, float32 [features] or 0.
    """
    found, observed = [], []
    for place, size in enumerate(sizes):
        value = values[:, :, place]
        if size:
            code = ops.cast(value, "int32")
            found.append(ops.one_hot(code - 1, size, dtype="float32"))
            is_observed = code > 0
        else:
            is_observed = ops.isfinite(value)
            deviation = (value - centre[:, place, None]) / spread[:, place, None]
            deviation = ops.where(is_observed, deviation, 0.0)
            found.append(ops.clip(deviation, -FARTHEST, FARTHEST)[:, :, None])
        observed.append(ops.repeat(is_observed[:, :, None], max(size, 1), axis=-1))
    return ops.where(
        ops.concatenate(observed, axis=-1), ops.concatenate(found, axis=-1) - share, 0.0
    )


def smoothed(values: Any, mask: Any) -> Any:
    """Smoothed probability of values above 0 times their smoothed size: [batch, 1]."""
    sold = mask * ops.cast(values > 0, "float32")
    weights = []
    for events in (mask, sold):
        later = ops.sum(events, axis=1, keepdims=True) - ops.cumsum(events, axis=1)
        weight = events * ops.power(1 - SMOOTHING, later)
        weights.append(weight / ops.maximum(ops.sum(weight, axis=1, keepdims=True), 1e-9))
    of_step, of_sale = weights
    probability = ops.sum(of_step * sold, axis=1, keepdims=True)
    return probability * ops.sum(of_sale * values, axis=1, keepdims=True)


def widened(gap: Any, added: Any) -> Any:
    """A gap that an addition widens or narrows, but never below zero; as it is where that is 0."""
    gap = ops.maximum(gap, SMALLEST_GAP)
    # The inverse of softplus, as a sum that large gaps do not overflow.
    return ops.softplus(gap + ops.log(-ops.expm1(-gap)) + added)


def uncrossed(offsets: Any, added: Any, middle: int) -> Any:
    """Quantiles that do not cross: the median, and from it gaps that additions widen or narrow.

    Args:
        offsets: of the quantiles, float32 [batch, horizon, levels].
        added: to the median, and to the gaps, of the same shape.
        middle: the place of the median.
    """
    quantiles = [offsets[:, :, middle] + added[:, :, middle]]
    for place in range(middle + 1, offsets.shape[-1]):
        gap = offsets[:, :, place] - offsets[:, :, place - 1]
        quantiles.append(quantiles[-1] + widened(gap, added[:, :, place]))
    for place in range(middle - 1, -1, -1):
        gap = offsets[:, :, place + 1] - offsets[:, :, place]
        quantiles.insert(0, quantiles[0] - widened(gap, added[:, :, place]))
    return ops.stack(quantiles, axis=-1)


def series_encoder(name: str, dim: int) -> keras.layers.Layer | None:
    """The network that reads windows, by name; None for "none"."""
    if name == "none":
        return None
    if name == "mlp":
        return keras.Sequential([keras.layers.Flatten(), Perceptron([2 * dim])], name="mlp")
    if name == "attention":
        patches = keras.layers.Conv1D(dim, PATCH, STRIDE, padding="same")
        layers = [patches, SequenceEncoder("attention", block="sasrec"), LastPooling()]
    elif name == "conv":
        layers = [keras.layers.Dense(dim), ConvolutionEncoder(), LastPooling()]
    else:
        layers = [keras.layers.Dense(dim), RecurrentEncoder(), LastPooling()]
    return keras.Sequential(layers, name=name)


def arguments_for(data: SeriesData, lookback: int | None = None) -> dict[str, Any]:
    """Arguments of a forecaster that follow from its data, all but those of its network."""
    longest = max(1, (data.train_end - data.horizon) // 2)
    fitting = [n for n in data.frequency.lookbacks if n <= longest] or [longest]
    return {
        "horizon": data.horizon,
        "lookback": lookback or max(fitting),
        "cycle": data.frequency.cycle,
        "nonnegative": data.outcome != "real",
        "num_series": len(data.series),
        "static": [len(one.categories) for one in data.static],
    }
