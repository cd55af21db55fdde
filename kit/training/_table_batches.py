"""Training batches of a table's rows, in an order that depends on the seed alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.training._batches import WHOLE, Shard, digest


@dataclass(frozen=True)
class TableBatches:
    """An endless stream of rows, each pass over all of them in a new order.

    The order depends on the seed and the number of the pass alone: the stream can begin at any
    batch, and any process can make its part of one.

    Args:
        features: what the model takes, by name: [rows] or [rows, length].
        labels: float32 [rows, labels].
        batch_size: rows of a batch; at most the number of rows.
        seed: of the order.

    Example:

    >>> batches = TableBatches({"x": np.arange(5)}, np.zeros((5, 1), np.float32), 2, seed=0)
    >>> inputs, targets, weights = next(iter(batches.stream()))
    >>> inputs["x"].shape, targets.shape, batches.steps_per_pass
    (TensorShape([2]), TensorShape([2, 1]), 3)
    """

    features: Mapping[str, NDArray[Any]]
    labels: NDArray[np.float32]
    batch_size: int
    seed: int

    @property
    def steps_per_pass(self) -> int:
        return -(-len(self.labels) // self.batch_size)

    @property
    def interactions_per_pass(self) -> int:
        """Rows of the table."""
        return len(self.labels)

    @property
    def content(self) -> dict[str, Any]:
        """Counts and a digest of features and labels."""
        return {
            "rows": len(self.labels),
            "features": list(self.features),
            "content": digest(*self.features.values(), self.labels),
        }

    def stream(self, first_step: int = 0, shard: Shard = WHOLE) -> tf.data.Dataset:
        """Batches `(features, labels, weights of 1)` without end.

        Args:
            first_step: number of the first batch.
            shard: the rows of each batch to make.
        """
        rows = shard.rows(self.batch_size)
        count = len(self.labels)
        first_pass, begun = divmod(first_step, self.steps_per_pass)
        read = _reader(self.features)
        labels = tf.constant(self.labels)

        def order(number: tf.Tensor) -> tf.data.Dataset:
            shuffled = tf.random.experimental.stateless_shuffle(
                tf.range(count), seed=[self.seed, tf.cast(number, tf.int32)]
            )
            # The last batch is filled from the front, so that every batch has one shape.
            missing = self.steps_per_pass * self.batch_size - count
            filled = tf.concat([shuffled, shuffled[:missing]], axis=0)
            batched = tf.reshape(filled, [self.steps_per_pass, self.batch_size])
            return tf.data.Dataset.from_tensor_slices(batched[:, rows])

        def batch(row: tf.Tensor) -> tuple[object, tf.Tensor, tf.Tensor]:
            return read(row), tf.gather(labels, row), tf.ones(rows.stop - rows.start)

        passes = tf.data.Dataset.counter(first_pass).flat_map(order).skip(begun)
        return passes.map(batch, num_parallel_calls=2).prefetch(4)


def _reader(features: Mapping[str, NDArray[Any]]) -> Any:
    """Rows of all features: columns of one type are read together, as each read has its price."""
    together: dict[str, list[str]] = {}
    for name, values in features.items():
        if values.ndim == 1:
            together.setdefault(values.dtype.name, []).append(name)
    joined = {
        dtype: tf.constant(np.stack([features[name] for name in names], axis=1))
        for dtype, names in together.items()
    }
    lists = {name: tf.constant(v) for name, v in features.items() if v.ndim > 1}

    def read(row: tf.Tensor) -> dict[str, tf.Tensor]:
        found = {name: tf.gather(values, row) for name, values in lists.items()}
        for dtype, names in together.items():
            columns = tf.unstack(tf.gather(joined[dtype], row), num=len(names), axis=1)
            found |= dict(zip(names, columns, strict=True))
        return {name: found[name] for name in features}

    return read


def default_rows(rows: int) -> int:
    """Rows of a batch: twice the square root of all, as a power of two between 64 and 4,096.

    Example:

    >>> default_rows(10_000), default_rows(200_000), default_rows(100_000_000)
    (256, 1024, 4096)
    """
    return int(np.clip(2 ** round(np.log2(2 * np.sqrt(max(rows, 1)))), 64, 4096))
