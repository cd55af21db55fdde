"""CustomerValue: whether a customer buys again, and how much, from the days they bought on."""

from collections.abc import Mapping
from typing import Any, Self

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from kit.data.purchases import PurchaseData
from kit.layers import LastPooling, Perceptron
from kit.models._for_dataset import recorded, set_seed
from kit.models._sequence_encoder import SequenceEncoder

SUMMARY = 11
"""Number of features that sum up a history."""
# Bounds of the deviation of the logarithm of amounts: beyond, the mean of a few would be endless.
SMALLEST_SIGMA, LARGEST_SIGMA = 0.2, 1.4
# Features beyond this many standard deviations say no more.
FARTHEST = 4.0
LEAST_RATE = 1e-6
ROWS_AT_ONCE = 4096
COVERAGE = 0.8
"""What intervals of the value should cover."""


@keras.saving.register_keras_serializable(package="kit")
class CustomerValue(keras.Model):
    """Value of customers over a horizon: a hurdle model on the days with a purchase.

    A customer buys in the horizon with probability 1 - exp(-rate), and then pays an amount whose
    logarithm is normal. Rate, location and deviation are read by a perceptron off a summary of the
    history (recency, tenure, number of days, spend, in windows) and off a sequence encoder over
    its last days (amount, age, gap). The factor of the season multiplies rate and expected value.
    Deviations are bounded, and no expected value exceeds the largest one of train.

    Three numbers calibrate it, see `kit.evaluation.calibrate_values`: factors of rate and expected
    value, and the level of the interval. An interval begins at 0 where not buying is likely enough.

    Args:
        horizon: in days; recent spend is summed over it and over a third of it.
        length: number of days with a purchase that a history has at most.
        encoder: reads the days, a layer from [batch, days, dim] to the same shape; None leaves it
            out.
        encoded: the last so many days are read by the encoder.
        dim: width of the network.
        dropout: dropout rate.

    Call arguments:
        inputs: `{"amount": float [batch, days], oldest first, "age": float [batch, days], days
            before the moment that is asked about, 0 is padding, on the right, "season": float
            [batch]}`.

    Returns:
        float32 [batch, 3]: the rate, and location and deviation of the logarithm of what is paid.

    Source: Wang, Liu and Miao (2019), A deep probabilistic model for customer lifetime value
    prediction, with a bounded deviation, and a rate in place of the probability.

    Example:

    >>> model = CustomerValue(horizon=90, length=3)
    >>> days = {"amount": np.float32([[20, 30, 0]]), "age": np.float32([[40, 7, 0]])}
    >>> model({**days, "season": np.float32([1])}).shape
    TensorShape([1, 3])
    """

    def __init__(
        self,
        horizon: int,
        length: int = 64,
        encoder: keras.layers.Layer | None = None,
        encoded: int = 12,
        dim: int = 64,
        dropout: float = 0.2,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Amounts and ages must not be rounded to the compute dtype.
        self.horizon, self.length, self.encoder = horizon, length, encoder
        self.encoded, self.dim, self.dropout = min(encoded, length), dim, dropout
        self.windows = (max(1, horizon // 3), horizon)
        self.body = Perceptron([dim], dropout, name="body")
        self.hidden = Perceptron([dim], dropout, name="hidden")
        self.head = keras.layers.Dense(3, dtype="float32", name="head")
        if encoder is not None:
            self.step = keras.layers.Dense(dim // 2, name="step")
            self.pooling = LastPooling()

    @classmethod
    @recorded
    def for_dataset(
        cls,
        data: PurchaseData,
        *,
        encoder: str | keras.layers.Layer = "gru",
        dim: int = 64,
        length: int = 64,
    ) -> Self:
        """Build the model for purchases; features are scaled by those of train.

        Args:
            data: the cut log.
            encoder: of the days: "gru", "lstm", "conv", "attention", "none", or a layer from
                [batch, days, dim / 2] to the same shape.
            dim: width.
            length: number of days with a purchase that a history has at most.

        Example:

        >>> import kit
        >>> data = kit.open("online-retail", kind="purchases")
        >>> CustomerValue.for_dataset(data, encoder="none").horizon
        90
        """
        set_seed(data)
        layer = _encoder(encoder) if isinstance(encoder, str) else encoder
        model = cls(horizon=data.horizon, length=length, encoder=layer, dim=dim)
        model.build()
        newest = data.histories(data.cuts[-1], length)
        paid = newest.amount[newest.amount > 0]
        model.unit.assign(np.median(paid))
        features = np.asarray(model.summarise(newest.inputs()))
        model.centre.assign(features.mean(axis=0))
        model.spread.assign(np.maximum(features.std(axis=0), 1e-3))
        values = np.concatenate([data.histories(cut, 1).value for cut in data.cuts])
        model.largest.assign(values.max())
        model.location.assign(np.log(values[values > 0]).mean())
        return model

    def build(self, input_shape: Any = None) -> None:
        # A usual amount, which amounts are counted in; mean and deviation of the features.
        self.unit = self._number("unit", (), "ones")
        self.centre = self._number("centre", (SUMMARY,))
        self.spread = self._number("spread", (SUMMARY,), "ones")
        # Of the values of train: mean of their logarithms, and the largest.
        self.location = self._number("location", ())
        self.largest = self._number("largest", ())
        self.largest.assign(1e12)
        # Factors of rate and expected value, and the level of the interval.
        self.calibration = self._number("calibration", (3,), "ones")
        self.uncalibrate()
        width = self.dim
        self.body.build((None, SUMMARY))
        if self.encoder is not None:
            self.step.build((None, self.encoded, 3))
            if not self.encoder.built:
                self.encoder.build((None, self.encoded, self.dim // 2))
            width += self.dim // 2
        self.hidden.build((None, width))
        self.head.build((None, self.dim))
        self.built = True

    def uncalibrate(self) -> None:
        """Set the numbers of calibration to what they are before it."""
        self.calibration.assign([1, 1, COVERAGE])

    def get_build_config(self) -> dict[str, Any]:
        return {"horizon": self.horizon}

    def build_from_config(self, config: dict[str, Any]) -> None:
        # Not from the shapes of its inputs, by which Keras would build a part of it only.
        if not self.built:
            self.build()

    def _number(self, name: str, shape: tuple[int, ...], initializer: str = "zeros") -> Any:
        return self.add_weight(
            shape=shape,
            dtype="float32",
            initializer=initializer,
            trainable=False,
            autocast=False,
            name=name,
        )

    def _size(self, amount: Any) -> Any:
        """The logarithm of amounts, with their sign."""
        return ops.sign(amount) * ops.log1p(ops.abs(amount) / self.unit.value)

    def summarise(self, inputs: Mapping[str, Any]) -> Any:
        """Features that sum up histories, float32 [batch, SUMMARY]."""
        amount = ops.convert_to_tensor(inputs["amount"], "float32")
        age = ops.convert_to_tensor(inputs["age"], "float32")
        known = ops.cast(age > 0, "float32")
        bought = known * ops.cast(amount > 0, "float32")
        days = ops.maximum(ops.sum(bought, axis=1), 1.0)
        tenure = ops.maximum(ops.max(age, axis=1), 1.0)
        recency = ops.minimum(ops.min(ops.where(bought > 0, age, 1e9), axis=1), tenure)
        spend = ops.sum(known * amount, axis=1)
        last = ops.sum(ops.where(age == recency[:, None], known * amount, 0.0), axis=1)
        features = [
            ops.log1p(recency),
            ops.log1p(tenure),
            ops.log1p(days),
            self._size(spend),
            self._size(spend / days),
            self._size(last),
            recency / tenure,
        ]
        for window in self.windows:
            within = ops.cast(age <= window, "float32")
            features.append(self._size(ops.sum(known * within * amount, axis=1)))
            features.append(ops.log1p(ops.sum(bought * within, axis=1)))
        return ops.stack(features, axis=1)

    def _steps(self, inputs: Mapping[str, Any]) -> tuple[Any, Any]:
        """What the encoder reads of each of the last days, [batch, encoded, 3], and its mask."""
        amount = ops.convert_to_tensor(inputs["amount"], "float32")
        age = ops.convert_to_tensor(inputs["age"], "float32")
        count = ops.sum(ops.cast(age > 0, "int32"), axis=1)
        first = ops.maximum(count - self.encoded, 0)
        place = first[:, None] + ops.arange(self.encoded, dtype="int32")
        place = ops.minimum(place, self.length - 1)
        mask = ops.arange(self.encoded, dtype="int32") < (count - first)[:, None]
        amount, age = (ops.take_along_axis(x, place, axis=1) for x in (amount, age))
        gap = ops.concatenate([ops.zeros_like(age[:, :1]), age[:, :-1] - age[:, 1:]], axis=1)
        logs = [ops.log1p(ops.maximum(x, 0.0)) / 4 - 1 for x in (age, gap)]
        steps = ops.stack([self._size(amount) - 1, *logs], axis=2)
        return ops.where(mask[:, :, None], steps, 0.0), mask

    def call(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        features = (self.summarise(inputs) - self.centre.value) / self.spread.value
        features = ops.clip(features, -FARTHEST, FARTHEST)
        parts = [self.body(ops.cast(features, self.compute_dtype), training=training)]
        if self.encoder is not None:
            steps, mask = self._steps(inputs)
            states = self.step(ops.cast(steps, self.compute_dtype))
            states = self.encoder(states, training=training)
            parts.append(self.pooling(states, mask=mask))
        parts = [ops.cast(part, self.compute_dtype) for part in parts]
        found = self.head(self.hidden(ops.concatenate(parts, axis=1), training=training))
        found = ops.cast(found, "float32")
        season = ops.convert_to_tensor(inputs["season"], "float32")
        usual = (ops.softplus(found[:, 0]) + LEAST_RATE) * self.calibration.value[0]
        rate = usual * season
        # The expected value, not only the rate, is multiplied by the season.
        gain = season * ops.expm1(-usual) / ops.expm1(-rate)
        location = self.location.value + found[:, 1] + ops.log(gain)
        spread = LARGEST_SIGMA - SMALLEST_SIGMA
        deviation = SMALLEST_SIGMA + spread * ops.sigmoid(found[:, 2])
        return ops.stack([rate, location, deviation], axis=1)

    def distributions(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """What `call` returns for histories of any number, in batches: float32 [histories, 3]."""
        count = len(inputs["season"])
        batches = (slice(start, start + ROWS_AT_ONCE) for start in range(0, count, ROWS_AT_ONCE))
        found = [
            np.asarray(self({name: x[batch] for name, x in inputs.items()}, training=False))
            for batch in batches
        ]
        return np.concatenate(found)

    def answers(self, distribution: Any) -> Any:
        """Expected value, ends of its interval, and the probability to buy: float32 [batch, 4].

        Args:
            distribution: of `call`.
        """
        rate, location, deviation = (distribution[:, n] for n in range(3))
        _, total, level = (self.calibration.value[n] for n in range(3))
        buys = -ops.expm1(-rate)
        mean = total * buys * ops.exp(location + ops.square(deviation) / 2)
        not_buying = 1 - buys
        tail = (1 - level) / 2
        from_0 = not_buying >= tail

        def quantile(at: Any) -> Any:
            within = ops.clip((at - not_buying) / buys, 1e-6, 1 - 1e-6)
            normal = ops.sqrt(2.0) * ops.erfinv(2 * within - 1)
            value = ops.exp(location + deviation * normal)
            return ops.where(at <= not_buying, 0.0, value)

        low = ops.where(from_0, 0.0, quantile(tail))
        high = quantile(ops.where(from_0, level, 1 - tail))
        found = [ops.minimum(x, self.largest.value) for x in (mean, low, high)]
        return ops.stack([*found, buys], axis=1)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Mean negative log-likelihood of the values y [batch, 1]."""
        return -ops.mean(log_likelihood(y[:, 0], y_pred))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "horizon": self.horizon,
            "length": self.length,
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "encoded": self.encoded,
            "dim": self.dim,
            "dropout": self.dropout,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        encoder = keras.saving.deserialize_keras_object(config["encoder"])
        return cls(**{**config, "encoder": encoder})


def log_likelihood(value: Any, distribution: Any) -> Any:
    """Log-likelihood of values under a hurdle model, float32 [batch].

    Args:
        value: float [batch], from 0.
        distribution: rate, location and deviation, float [batch, 3].
    """
    rate, location, deviation = (distribution[:, n] for n in range(3))
    value = ops.cast(value, "float32")
    logs = ops.log(ops.maximum(value, 1e-3))
    amount = -0.5 * ops.square((logs - location) / deviation) - ops.log(deviation)
    bought = ops.log(ops.maximum(-ops.expm1(-rate), 1e-9)) + amount
    return ops.where(value > 0, bought, -rate)


def _encoder(kind: str) -> keras.layers.Layer | None:
    if kind == "none":
        return None
    return SequenceEncoder(kind, layers=1, dropout=0.1, name="encoder")  # type: ignore[arg-type]
