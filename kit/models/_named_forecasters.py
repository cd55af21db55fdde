"""Forecasters by the name of their network: DLinear, PatchTST, N-HiTS."""

from collections.abc import Mapping
from typing import Any, Self

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from kit.data.series import SeriesData
from kit.errors import UserError
from kit.layers import Perceptron, TransformerBlock
from kit.models._for_dataset import recorded, set_seed
from kit.models._forecaster import Forecaster
from kit.models._forecaster_parts import FARTHEST, arguments_for

# Of DLinear: steps of the moving average.
AVERAGED = 25
# Of PatchTST: steps of a patch and between two, blocks, heads, and their dropout.
PATCH, STRIDE, BLOCKS, HEADS, DROPOUT = 16, 8, 3, 4, 0.3
# Of N-HiTS: the steps that each stack pools, and by how much its forecast is coarser.
POOLED, COARSER = (16, 8, 1), (24, 12, 1)


class NetworkForecaster(Forecaster):
    """A `Forecaster` whose expected values are those of a network alone.

    It reads the window in its deviations from the level, and its outputs are in them. Quantiles are
    those of its errors on train, so that network and metrics of all models are comparable.

    Args:
        *args: as of `Forecaster`.
        **kwargs: as of `Forecaster`, without `encoder` and `known`.
    """

    level_of_window = "mean"
    """What the values of a window are compared with, one of `CENTRES`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.network = self._make_network()

    def _make_network(self) -> keras.layers.Layer:
        """A layer from [batch, lookback] to [batch, horizon]."""
        raise NotImplementedError

    @classmethod
    @recorded
    def for_dataset(  # type: ignore[override]
        cls, data: SeriesData, *, dim: int = 64, lookback: int | None = None
    ) -> Self:
        """Build the model for series.

        Args:
            data: the split series.
            dim: width of the network.
            lookback: the past values to use; None is up to 16 seasons, as train allows.

        Raises:
            UserError: the data have known columns, which it does not read.
        """
        if data.known:
            raise UserError(
                f"{cls.__name__} does not read known columns: {data.known[0].name}.",
                where="--known and --holidays",
                expected="no known columns",
                remedy="Leave them out, or use --model linear-residual.",
            )
        set_seed(data)
        model = cls(**arguments_for(data, lookback), dim=dim)
        model.build()
        return model

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        self.network.build((None, self.lookback))

    def _linear_parts(
        self, inputs: Mapping[str, Any], normalised: tuple[Any, Any, Any], training: bool = False
    ) -> Any:
        shifted, level, scale = normalised
        window = ops.clip(shifted / ops.maximum(scale, 1e-6), -FARTHEST, FARTHEST)
        found = self.network(ops.cast(window, self.compute_dtype), training=training)
        found = scale * ops.cast(found, "float32")
        parts = [ops.repeat(level, self.horizon, axis=1), found, ops.zeros_like(found)]
        return ops.stack(parts, axis=-1)

    def _sum_of_losses(self, error: Any, below: Any) -> Any:
        """Of the expected values alone."""
        return ops.sum(ops.square(error))


@keras.saving.register_keras_serializable(package="kit")
class DLinear(NetworkForecaster):
    """Two linear layers: of the moving average of the window, and of what is left of it.

    Windows are shifted by their mean and divided by their deviation, other than published.

    Args:
        *args: see `NetworkForecaster`.
        **kwargs: see `NetworkForecaster`.

    Source: Zeng, Chen, Zhang and Xu (2023), Are transformers effective for time series forecasting?

    Example:

    >>> zero = np.array([0])
    >>> DLinear(2, 30)({"history": np.ones((1, 30)), "series": zero, "phase": zero}).shape
    TensorShape([1, 2, 6])
    """

    def _make_network(self) -> keras.layers.Layer:
        return _Decomposed(self.horizon, name="network")


class _Decomposed(keras.layers.Layer):
    def __init__(self, horizon: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.trend = keras.layers.Dense(horizon, name="trend")
        self.rest = keras.layers.Dense(horizon, name="rest")

    def build(self, window_shape: Any) -> None:
        self.trend.build(window_shape)
        self.rest.build(window_shape)
        self.built = True

    def call(self, window: Any, training: bool = False) -> Any:
        before, after = (AVERAGED - 1) // 2, AVERAGED // 2
        ends = ops.repeat(window[:, :1], before, axis=1), ops.repeat(window[:, -1:], after, axis=1)
        padded = ops.concatenate([ends[0], window, ends[1]], axis=1)[:, :, None]
        trend = ops.average_pool(padded, AVERAGED, strides=1)[:, :, 0]
        return self.trend(trend) + self.rest(window - trend)


@keras.saving.register_keras_serializable(package="kit")
class PatchTST(NetworkForecaster):
    """A transformer over patches of the window, whose outputs one linear layer reads.

    Each series is read by itself. The blocks are `kit.layers.TransformerBlock` with layer norm,
    where those published have batch norm.

    Args:
        *args: see `NetworkForecaster`.
        **kwargs: see `NetworkForecaster`.

    Source: Nie, Nguyen, Sinthong and Kalagnanam (2023), A time series is worth 64 words: long-term
    forecasting with transformers.

    Example:

    >>> zero = np.array([0])
    >>> PatchTST(2, 30, dim=8)({"history": np.ones((1, 30)), "series": zero, "phase": zero}).shape
    TensorShape([1, 2, 6])
    """

    def _make_network(self) -> keras.layers.Layer:
        return _OfPatches(self.horizon, self.dim, name="network")


class _OfPatches(keras.layers.Layer):
    def __init__(self, horizon: int, dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dim = dim
        self.blocks = [
            TransformerBlock(
                HEADS, 4 * dim, norm="post", causal=False, rotary=False, dropout=DROPOUT
            )
            for _ in range(BLOCKS)
        ]
        self.flatten = keras.layers.Flatten()
        self.drop = keras.layers.Dropout(DROPOUT)
        self.head = keras.layers.Dense(horizon, name="head")

    def build(self, window_shape: Any) -> None:
        length = window_shape[1]
        self.patch = min(PATCH, max(1, length // 2))
        self.stride = max(1, self.patch * STRIDE // PATCH)
        # The last value is repeated, so that the last patch ends with the window.
        self.more = self.stride + (self.patch - length) % self.stride
        count = (length + self.more - self.patch) // self.stride + 1
        self.patches = keras.layers.Conv1D(self.dim, self.patch, self.stride, name="patches")
        self.patches.build((None, length + self.more, 1))
        self.place = self.add_weight(shape=(count, self.dim), initializer="normal", name="place")
        for block in self.blocks:
            block.build((None, count, self.dim))
        self.head.build((None, count * self.dim))
        self.built = True

    def call(self, window: Any, training: bool = False) -> Any:
        padded = ops.concatenate([window, ops.repeat(window[:, -1:], self.more, axis=1)], axis=1)
        vectors = self.patches(padded[:, :, None])
        vectors = self.drop(vectors + ops.cast(self.place, vectors.dtype), training=training)
        for block in self.blocks:
            vectors = block(vectors, training=training)
        return self.head(self.drop(self.flatten(vectors), training=training))


@keras.saving.register_keras_serializable(package="kit")
class NHiTS(NetworkForecaster):
    """Stacks of perceptrons, each on a more finely pooled window of what is left unexplained.

    Each stack forecasts few values, between which lines are drawn, and what it explains of the
    window is subtracted before the next one.

    Args:
        *args: see `NetworkForecaster`.
        **kwargs: see `NetworkForecaster`; the perceptrons are 8 `dim` wide.

    Source: Challu et al. (2023), N-HiTS: neural hierarchical interpolation for time series
    forecasting.

    Example:

    >>> zero = np.array([0])
    >>> NHiTS(2, 30, dim=8)({"history": np.ones((1, 30)), "series": zero, "phase": zero}).shape
    TensorShape([1, 2, 6])
    """

    level_of_window = "last"

    def _make_network(self) -> keras.layers.Layer:
        return _Stacks(self.horizon, 8 * self.dim, name="network")


class _Stacks(keras.layers.Layer):
    def __init__(self, horizon: int, hidden: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.horizon = horizon
        self.knots = [max(1, horizon // coarser) for coarser in COARSER]
        self.lines = [interpolation(knots, horizon) for knots in self.knots]
        self.perceptrons = [Perceptron([hidden, hidden]) for _ in POOLED]
        self.forecasts = [keras.layers.Dense(knots) for knots in self.knots]

    def build(self, window_shape: Any) -> None:
        length = window_shape[1]
        self.pooled = [max(1, min(size, length // 4)) for size in POOLED]
        # Nothing reads what the last stack would leave.
        self.backcasts = [keras.layers.Dense(length) for _ in POOLED[1:]]
        for place, size in enumerate(self.pooled):
            self.perceptrons[place].build((None, -(-length // size)))
            for layer in (self.forecasts[place], *self.backcasts[place : place + 1]):
                layer.build((None, self.perceptrons[place].units[-1]))
        self.built = True

    def call(self, window: Any, training: bool = False) -> Any:
        found = 0.0
        for place, size in enumerate(self.pooled):
            pooled = ops.max_pool(window[:, :, None], size, strides=size, padding="same")[:, :, 0]
            hidden = self.perceptrons[place](pooled, training=training)
            for backcast in self.backcasts[place : place + 1]:
                window = window - backcast(hidden)
            lines = ops.convert_to_tensor(self.lines[place], hidden.dtype)
            found = found + self.forecasts[place](hidden) @ lines
        return found


def interpolation(knots: int, horizon: int) -> NDArray[np.float32]:
    """The matrix that draws lines between values: float32 [knots, horizon].

    Example:

    >>> (np.float32([1, 3]) @ interpolation(2, 4)).tolist()
    [1.0, 1.5, 2.5, 3.0]
    """
    place = np.clip((np.arange(horizon) + 0.5) * knots / horizon - 0.5, 0, knots - 1)
    found: NDArray[np.float32] = np.maximum(0, 1 - np.abs(place - np.arange(knots)[:, None]))
    return found.astype(np.float32)
