"""Training batches of windows of time series."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.training.batches._stream import WHOLE, Shard, digest


@dataclass(frozen=True)
class WindowBatches:
    """An endless stream of windows, each batch sampled at random from all of them.

    A batch depends on the seed and its number alone: the stream can begin at any batch, and any
    process can make its part of one. Windows are cut as they are needed, so that memory holds each
    value once.

    Args:
        values: float32 [series, steps]; NaN is missing.
        lookback: past values of a window; those before the first step are missing.
        horizon: values to forecast.
        first_origin: the earliest step that a forecast begins at.
        first_phase: phase of step 0.
        cycle: number of phases.
        known: covariates that are known for the future, float32 [series, steps, covariates].
        static: features of the series, float32 [series, features].
        batch_size: windows of a batch.
        seed: of the sampling.
        most_per_epoch: an epoch is no longer than that.

    Example:

    >>> values = np.arange(40, dtype=np.float32).reshape(2, 20)
    >>> batches = WindowBatches(values, 4, 2, first_origin=4, batch_size=8, seed=0)
    >>> inputs, targets, weights = next(iter(batches.stream()))
    >>> inputs["history"].shape, bool(tf.reduce_all(targets[:, 0] == inputs["history"][:, -1] + 1))
    (TensorShape([8, 4]), True)
    """

    values: NDArray[np.float32]
    lookback: int
    horizon: int
    first_origin: int
    batch_size: int
    seed: int
    first_phase: int = 0
    cycle: int = 1
    known: NDArray[np.float32] | None = None
    static: NDArray[np.float32] | None = None
    most_per_epoch: int = 200_000

    @property
    def origins(self) -> int:
        """Steps that a forecast of a series may begin at."""
        return int(self.values.shape[1] - self.horizon - self.first_origin + 1)

    @property
    def examples_per_epoch(self) -> int:
        """Windows of an epoch."""
        return min(len(self.values) * self.origins, self.most_per_epoch)

    @property
    def steps_per_epoch(self) -> int:
        return -(-self.examples_per_epoch // self.batch_size)

    @property
    def content(self) -> dict[str, Any]:
        """Counts and a digest of the values."""
        return {
            "series": len(self.values),
            "windows": len(self.values) * self.origins,
            "content": digest(self.values),
            **{name: digest(x) for name, x in self._covariates().items()},
        }

    def _covariates(self) -> dict[str, NDArray[np.float32]]:
        both = {"known": self.known, "static": self.static}
        return {name: values for name, values in both.items() if values is not None}

    def stream(self, start_step: int = 0, shard: Shard = WHOLE) -> tf.data.Dataset:
        """Batches `(inputs of a Forecaster, targets, weights of 1)` without end.

        Args:
            start_step: number of the first batch.
            shard: the rows of each batch to make.
        """
        rows = shard.rows(self.batch_size)
        padding = np.full((len(self.values), self.lookback), np.nan, np.float32)
        values = tf.constant(np.concatenate([padding, self.values], axis=1))
        count, length = len(self.values) * self.origins, values.shape[1]
        flat = tf.reshape(values, [-1])
        covariates = {name: tf.constant(x) for name, x in self._covariates().items()}

        def batch(step: tf.Tensor) -> tuple[object, tf.Tensor, tf.Tensor]:
            chosen = tf.random.stateless_uniform(
                [self.batch_size], [self.seed, step], maxval=count, dtype=tf.int64
            )[rows]
            series, origin = chosen // self.origins, self.first_origin + chosen % self.origins
            begin = series * length + origin
            window = tf.gather(flat, begin[:, None] + tf.range(self.lookback, dtype=tf.int64))
            ahead = self.lookback + tf.range(self.horizon, dtype=tf.int64)
            inputs = {
                "history": window,
                "series": series + 1,
                "phase": (origin + self.first_phase) % self.cycle,
            }
            if "known" in covariates:
                steps = origin[:, None] + tf.range(self.horizon, dtype=tf.int64)
                places = tf.stack([tf.broadcast_to(series[:, None], tf.shape(steps)), steps], -1)
                inputs["known"] = tf.gather_nd(covariates["known"], places)
            if "static" in covariates:
                inputs["static"] = tf.gather(covariates["static"], series)
            return inputs, tf.gather(flat, begin[:, None] + ahead), tf.ones(rows.stop - rows.start)

        numbers = tf.data.Dataset.counter(start_step)
        return numbers.map(batch, num_parallel_calls=2).prefetch(4)
