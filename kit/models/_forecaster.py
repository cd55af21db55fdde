"""Forecaster: a linear forecast in closed form, corrected by a network, with quantiles."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from kit.data.series import SeriesData
from kit.layers import Embedding, integer_ids
from kit.models._for_dataset import recorded, set_seed
from kit.models._forecaster_parts import (
    FARTHEST,
    arguments_for,
    covariate_features,
    series_encoder,
    smoothed,
    uncrossed,
    width_of,
)

LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
CENTRES = ("last", "mean", "smoothed")
"""What the values of a window are compared with."""


@keras.saving.register_keras_serializable(package="kit")
class Forecaster(keras.Model):
    """Forecasts the next values of a series by a linear function of its last ones.

    A window of the last values is shifted by its last value, its mean, or its smoothed demand (the
    probability of a value above 0 times the size of such values, as in TSB), so that the level of a
    series does not matter. The expected values are a linear function of that window (a ridge
    regression, fitted in closed form by `kit.evaluation.fit_ridge`) and of the phase of the season.
    A network may correct them; its last layer begins with zeros, so that it starts as the linear
    forecast. Quantiles are the median and increments that are never negative, in units of the
    standard deviation of the window. Missing values count as the level of the window.

    Args:
        horizon: number of values to forecast.
        lookback: number of past values; the fitted window may be shorter.
        cycle: number of phases of the season.
        levels: of the quantiles, increasing, with 0.5.
        nonnegative: whether values below 0 are forecast as 0.
        num_series: number of known series, codes 1 to `num_series`; 0 is an unknown one.
        encoder: reads normalised windows, a layer from [batch, lookback, 1] to [batch, dim]; None
            leaves the network out.
        dim: width of the network and of the embeddings of series and phases.
        known: covariates that are known for the future: of each its number of categories, 0 of a
            number.
        static: features of the series, in the same form; a series without a history is forecast
            by them.

    Call arguments:
        inputs: `{"history": float [batch, lookback], oldest first, NaN is missing, "series": int
            [batch], "phase": int [batch] of the first forecast value}`. With covariates also
            "known": float [batch, horizon, covariates], numbers, where NaN is missing, or codes of
            categories, where 0 is missing; with static features "static": float [batch, features].

    Returns:
        float32 [batch, horizon, 1 + levels]: the expected values and the quantiles.

    Source: Toner and Darlow (2024), An analysis of linear time series forecasting models; smoothed
    demand: Teunter, Syntetos and Babai (2011), Intermittent demand: linking forecasting to
    inventory obsolescence; the correction of a frozen linear forecast is ours.

    Example:

    >>> model = Forecaster(horizon=2, lookback=3)
    >>> model.set_linear(np.float32([[0, 0], [1, 0], [0, 0]]), np.zeros((1, 2)))
    >>> zero = np.array([0])
    >>> window = {"history": np.float32([[5, 7, 6]]), "series": zero, "phase": zero}
    >>> model(window)[0, :, 0].numpy().tolist()
    [7.0, 6.0]
    """

    def __init__(
        self,
        horizon: int,
        lookback: int,
        cycle: int = 1,
        levels: Sequence[float] = LEVELS,
        nonnegative: bool = False,
        num_series: int = 0,
        encoder: keras.layers.Layer | None = None,
        dim: int = 64,
        known: Sequence[int] = (),
        static: Sequence[int] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Values and ids must not be rounded to the compute dtype.
        self.horizon, self.lookback, self.cycle = horizon, lookback, cycle
        self.levels, self.nonnegative, self.num_series = tuple(levels), nonnegative, num_series
        self.encoder, self.dim = encoder, dim
        self.known, self.static = tuple(known), tuple(static)
        self.middle = self.levels.index(0.5)
        if encoder is not None:
            self.of_series = Embedding(num_series + 1, 8, name="series")
            self.of_phase = Embedding(cycle, 8, name="phase")
            self.hidden = keras.layers.Dense(dim, activation="relu", name="hidden")
            self.head = keras.layers.Dense(
                horizon * (1 + len(self.levels)), kernel_initializer="zeros", name="head"
            )
        if encoder is not None and known:
            # One network for all steps of the horizon, which reads the covariates of its step.
            self.of_step = keras.layers.Dense(dim, name="step")
            self.of_window = keras.layers.Dense(dim, use_bias=False, name="window")
            self.step_head = keras.layers.Dense(
                1 + len(self.levels), kernel_initializer="zeros", name="step_head"
            )

    @classmethod
    @recorded
    def for_dataset(
        cls,
        data: SeriesData,
        *,
        encoder: str | keras.layers.Layer = "mlp",
        dim: int = 64,
        lookback: int | None = None,
    ) -> Self:
        """Build the model for series; it forecasts their level until it is fitted.

        Args:
            data: the split series.
            encoder: of the network that corrects the linear forecast: "mlp", "conv", "lstm",
                "attention", "none", or a layer from [batch, lookback, 1] to [batch, dim].
            dim: its width.
            lookback: the most past values to use; None is up to 16 seasons, as train allows.

        Example:

        >>> import kit
        >>> data = kit.open("bike-sharing")
        >>> Forecaster.for_dataset(data, encoder="none").lookback
        720
        """
        set_seed(data)
        layer = series_encoder(encoder, dim) if isinstance(encoder, str) else encoder
        known = [len(one.categories) for one in data.known]
        model = cls(**arguments_for(data, lookback), encoder=layer, dim=dim, known=known)
        model.build()
        return model

    def build(self, input_shape: Any = None) -> None:
        steps, levels = self.horizon, len(self.levels)
        self.kernel = self._table("kernel", (self.lookback, steps))
        self.intercept = self._table("intercept", (self.cycle, steps))
        # 1 for the past values that count, and for the centre that they are compared with.
        self.window = self._table("window", (self.lookback,), "ones")
        self.centre = self._table("centre", (len(CENTRES),))
        self.centre.assign([1, 0, 0])
        # 0 for phases in which everything is closed: they are forecast as 0 and say nothing.
        self.open = self._table("open", (self.cycle,), "ones")
        self.level = self._table("level", (self.num_series + 1,))
        self.spread = self._table("spread", (self.num_series + 1,), "ones")
        self.offsets = self._table("offsets", (self.cycle, steps, levels))
        self.conformal = self._table("conformal", (steps, levels))
        # How much of the network's correction counts for expected values, and for quantiles.
        self.correction = self._table("correction", (2,), "ones")
        if self.known:
            # Usual values of numbers by series, of categories their shares; weights of features.
            self.known_centre = self._table("known_centre", (self.num_series + 1, len(self.known)))
            self.known_spread = self._table(
                "known_spread", (self.num_series + 1, len(self.known)), "ones"
            )
            self.known_share = self._table("known_share", (width_of(self.known),))
            self.known_weight = self._table("known_weight", (width_of(self.known),))
            # Whether the network's part that reads covariates counts, in the same two.
            self.known_correction = self._table("known_correction", (2,), "ones")
        if self.static:
            self.static_centre = self._table("static_centre", (len(self.static),))
            self.static_spread = self._table("static_spread", (len(self.static),), "ones")
            # Of usual level and deviation, a constant first.
            self.static_weight = self._table("static_weight", (1 + width_of(self.static), 2))
        if self.encoder is not None:
            self.encoder.build((None, self.lookback, 1))
            width = self.encoder.compute_output_shape((None, self.lookback, 1))[-1]
            self.of_series.build((None,))
            self.of_phase.build((None,))
            self.hidden.build((None, width + 16))
            self.head.build((None, self.dim))
        if self.encoder is not None and self.known:
            self.of_step.build((None, self.horizon, width_of(self.known) + 8))
            self.of_window.build((None, self.dim))
            self.step_head.build((None, self.horizon, self.dim))
        self.built = True

    def _table(self, name: str, shape: tuple[int, ...], initializer: str = "zeros") -> Any:
        return self.add_weight(
            shape=shape,
            dtype="float32",
            initializer=initializer,
            trainable=False,
            autocast=False,
            name=name,
        )

    def set_window(self, lookback: int, centre: str) -> None:
        """Use the last `lookback` values, shifted by one of `CENTRES`."""
        if not self.built:
            self.build()
        self.window.assign(np.arange(self.lookback) >= self.lookback - lookback)
        self.centre.assign(np.array(CENTRES) == centre)

    def set_linear(self, kernel: NDArray[Any], intercept: NDArray[Any]) -> None:
        """Store the linear forecast.

        Args:
            kernel: of the shifted values, float [lookback, horizon].
            intercept: by phase, in standard deviations of the window, float [cycle, horizon].
        """
        if not self.built:
            self.build()
        self.kernel.assign(kernel)
        self.intercept.assign(intercept)

    def _is_open(self, phase: Any, first: int, last: int) -> Any:
        """1 for the steps of a window that are not closed, float32 [batch, steps]."""
        phase = integer_ids(phase)
        steps = phase[:, None] + ops.arange(first, last, dtype=phase.dtype)
        return ops.take(self.open.value, ops.mod(steps, self.cycle))

    def normalise(self, inputs: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """Shifted values [batch, lookback], the level and the scale of each window [batch, 1]."""
        history = ops.convert_to_tensor(inputs["history"], "float32")
        counts = self._is_open(inputs["phase"], -self.lookback, 0) * self.window.value
        observed = ops.logical_and(ops.isfinite(history), counts > 0)
        values = ops.where(observed, history, 0.0)
        mask = ops.cast(observed, "float32")
        count = ops.sum(mask, axis=1, keepdims=True)
        mean = ops.sum(values, axis=1, keepdims=True) / ops.maximum(count, 1.0)
        place = ops.max(mask * ops.arange(1, self.lookback + 1, dtype="float32"), axis=1)
        at_last = ops.one_hot(ops.cast(place, "int32") - 1, self.lookback, dtype="float32")
        last = ops.sum(values * at_last, axis=1, keepdims=True)
        centres = ops.concatenate([last, mean, smoothed(values, mask)], axis=1)
        level = ops.sum(centres * self.centre.value, axis=1, keepdims=True)
        variance = ops.sum(mask * ops.square(values - mean), axis=1, keepdims=True)
        # The usual deviation of a known series counts as that of one more value: a window may hold
        # few values, or all the same. Where it holds none, what is usual has to do.
        code = integer_ids(inputs["series"])
        usual_level, usual = self._usual(code, inputs)
        prior = ops.where(ops.logical_or(code[:, None] > 0, count == 0), 1.0, 0.0)
        scale = ops.sqrt((variance + prior * ops.square(usual)) / (count + prior))
        level = ops.where(count > 0, level, usual_level)
        return mask * (values - level), level, scale

    def _usual(self, code: Any, inputs: Mapping[str, Any]) -> tuple[Any, Any]:
        """Usual level and deviation of series [batch, 1]; of unknown ones by static features."""
        level = ops.take(self.level.value, code)[:, None]
        spread = ops.take(self.spread.value, code)[:, None]
        if not self.static:
            return level, spread
        features = self.static_features(inputs["static"])
        found = self.static_weight.value[0] + features @ self.static_weight.value[1:]
        by_features = ops.expm1(found[:, :1]) if self.nonnegative else found[:, :1]
        is_known = code[:, None] > 0
        level = ops.where(is_known, level, by_features)
        return level, ops.where(is_known, spread, ops.exp(found[:, 1:]))

    def static_features(self, values: Any) -> Any:
        """Static features as a regression reads them: [batch, features]."""
        values = ops.convert_to_tensor(values, "float32")[:, None, :]
        centre, spread = self.static_centre.value[None], self.static_spread.value[None]
        return covariate_features(values, self.static, centre, spread, 0.0)[:, 0]

    def known_features(self, inputs: Mapping[str, Any]) -> Any:
        """Covariates as a regression reads them: float32 [batch, horizon, features].

        Numbers in deviations from what is usual in their series, categories as one-hot vectors
        minus their shares; 0 where a value is missing.
        """
        code = integer_ids(inputs["series"])
        values = ops.convert_to_tensor(inputs["known"], "float32")
        centre = ops.take(self.known_centre.value, code, axis=0)
        spread = ops.take(self.known_spread.value, code, axis=0)
        return covariate_features(values, self.known, centre, spread, self.known_share.value)

    def linear_parts(self, inputs: Mapping[str, Any]) -> tuple[Any, Any]:
        """What makes up the linear forecast.

        Args:
            inputs: of a call.

        Returns:
            float32 [batch, horizon, parts] that sum to the linear forecast: level, recent values,
            phase of the season, and each covariate; and the scales of windows [batch, 1].
        """
        normalised = self.normalise(inputs)
        return self._linear_parts(inputs, normalised), normalised[2]

    def _linear_parts(
        self, inputs: Mapping[str, Any], normalised: tuple[Any, Any, Any], training: bool = False
    ) -> Any:
        shifted, level, scale = normalised
        phase = integer_ids(inputs["phase"])
        parts = [
            ops.repeat(level, self.horizon, axis=1),
            shifted @ self.kernel.value,
            scale * ops.take(self.intercept.value, phase, axis=0),
        ]
        if self.known:
            weighted = self.known_features(inputs) * self.known_weight.value
            begin = 0
            for size in self.known:
                end = begin + max(size, 1)
                parts.append(scale * ops.sum(weighted[:, :, begin:end], axis=-1))
                begin = end
        return ops.stack(parts, axis=-1)

    def _correction(
        self, inputs: Mapping[str, Any], normalised: tuple[Any, Any, Any], training: bool
    ) -> Any:
        """What the network adds, in scales: float32 [batch, horizon, 1 + levels]; 0 without one."""
        outputs = 1 + len(self.levels)
        if self.encoder is None:
            return ops.zeros((1, self.horizon, outputs))
        shifted, _, scale = normalised
        window = ops.clip(shifted / ops.maximum(scale, 1e-6), -FARTHEST, FARTHEST)
        window = ops.cast(window, self.compute_dtype)
        phase = integer_ids(inputs["phase"])
        parts = [
            self.encoder(window[:, :, None], training=training),
            self.of_series(integer_ids(inputs["series"])),
            self.of_phase(phase),
        ]
        hidden = self.hidden(ops.concatenate([ops.cast(x, self.compute_dtype) for x in parts], 1))
        found = ops.cast(self.head(hidden), "float32")
        found = ops.reshape(found, (-1, self.horizon, outputs))
        if self.known:
            phases = ops.mod(
                phase[:, None] + ops.arange(self.horizon, dtype=phase.dtype), self.cycle
            )
            of_step = [self.known_features(inputs), self.of_phase(phases)]
            step = ops.concatenate([ops.cast(x, self.compute_dtype) for x in of_step], -1)
            step = ops.relu(self.of_step(step) + self.of_window(hidden)[:, None, :])
            share = self._by_output(self.known_correction)
            found = found + share * ops.cast(self.step_head(step), "float32")
        return found * self._by_output(self.correction)

    def _by_output(self, shares: Any) -> Any:
        """Shares of expected values and of quantiles, for each output: [1 + levels]."""
        return ops.repeat(shares.value, [1, len(self.levels)], axis=0)

    def call(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        normalised = self.normalise(inputs)
        scale = normalised[2]
        parts = self._linear_parts(inputs, normalised, training)
        linear = parts[:, :, 0] + ops.sum(parts[:, :, 1:], axis=-1)
        added = self._correction(inputs, normalised, training)
        mean = linear + scale * added[:, :, 0]
        phase = integer_ids(inputs["phase"])
        offsets = ops.take(self.offsets.value, phase, axis=0)
        shape = uncrossed(offsets, added[:, :, 1:], self.middle) + self.conformal.value
        # The quantiles lie around the linear forecast: the network moves each by itself.
        around = ops.sort(linear[:, :, None] + scale[:, :, None] * shape, axis=-1)
        return self._bounded(ops.concatenate([mean[:, :, None], around], axis=-1), phase)

    def _bounded(self, found: Any, phase: Any) -> Any:
        """Outputs that are not below 0, and 0 where everything is closed."""
        found = ops.maximum(found, 0.0) if self.nonnegative else found
        return found * self._is_open(phase, 0, self.horizon)[:, :, None]

    def explain(self, inputs: Mapping[str, Any]) -> Any:
        """What makes up the expected values.

        Args:
            inputs: of a call.

        Returns:
            float32 [batch, horizon, parts] that sum to the expected values: level, recent values,
            phase of the season, each covariate, the network's correction, and what is added so
            that nothing is below 0 and closed phases are 0.
        """
        normalised = self.normalise(inputs)
        parts = self._linear_parts(inputs, normalised)
        correction = normalised[2] * self._correction(inputs, normalised, training=False)[:, :, 0]
        whole = ops.sum(parts, axis=-1) + correction
        bounded = self._bounded(whole[:, :, None], integer_ids(inputs["phase"]))[:, :, 0]
        return ops.concatenate(
            [parts, correction[:, :, None], (bounded - whole)[:, :, None]], axis=-1
        )

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Squared error of the expected values and pinball loss of the quantiles, in scales.

        Errors are divided by the usual deviation of the series, those of values from 0, which have
        long tails, by that of the window; missing values do not count.
        """
        error, below, count = self._errors(x, y, y_pred)
        return self._sum_of_losses(error, below) / count

    def _sum_of_losses(self, error: Any, below: Any) -> Any:
        levels = ops.convert_to_tensor(self.levels, "float32")
        pinball = ops.maximum(levels * below, (levels - 1) * below)
        return ops.sum(ops.square(error)) + 2 * ops.sum(pinball)

    def _errors(self, x: Any, y: Any, y_pred: Any) -> tuple[Any, Any, Any]:
        """Scaled errors of expected values and of quantiles, 0 where missing; how many count."""
        usual = self._usual(integer_ids(x["series"]), x)[1]
        scale = self.normalise(x)[2] if self.nonnegative else usual
        known = ops.isfinite(y)
        error = ops.where(known, (y - y_pred[:, :, 0]) / scale, 0.0)
        below = ops.where(
            known[:, :, None], (y[:, :, None] - y_pred[:, :, 1:]) / usual[..., None], 0
        )
        return error, below, ops.maximum(ops.sum(ops.cast(known, "float32")), 1.0)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "horizon": self.horizon,
            "lookback": self.lookback,
            "cycle": self.cycle,
            "levels": list(self.levels),
            "nonnegative": self.nonnegative,
            "num_series": self.num_series,
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "dim": self.dim,
            "known": list(self.known),
            "static": list(self.static),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        encoder = keras.saving.deserialize_keras_object(config["encoder"])
        return cls(**{**config, "encoder": encoder})
