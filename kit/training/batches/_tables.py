"""Training batches of a table's rows, in an order that depends on the seed alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.training.batches._stream import WHOLE, Shard, digest

# Share of each value, and of all together: enough to learn an average prediction, at little cost.
ABSENT_SHARE, ABSENT_ROWS = 0.01, 0.05


@dataclass(frozen=True)
class TableBatches:
    """An endless stream of rows, each epoch over all of them in a new order.

    The order depends on the seed and the number of the epoch alone: the stream can begin at any
    batch, and any process can make its part of one.

    Args:
        features: the inputs of the model, by name: [rows] or [rows, length].
        labels: float32 [rows, labels].
        batch_size: rows of a batch; at most the number of rows.
        seed: of the order.
        absent: by feature, codes of a missing or an unknown value that no row has, see
            `TableEncoder.absent`.
        absent_share: share of the rows in which each of them replaces the value; None is 0.01, or
            less if there are many. So the model learns to predict for values that are missing or
            new at serving time.

    Example:

    >>> batches = TableBatches({"x": np.arange(5)}, np.zeros((5, 1), np.float32), 2, seed=0)
    >>> inputs, targets, weights = next(iter(batches.stream()))
    >>> inputs["x"].shape, targets.shape, batches.steps_per_epoch
    (TensorShape([2]), TensorShape([2, 1]), 3)
    """

    features: Mapping[str, NDArray[Any]]
    labels: NDArray[np.float32]
    batch_size: int
    seed: int
    absent: Mapping[str, Sequence[float]] = field(default_factory=dict)
    absent_share: float | None = None

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.labels) // self.batch_size)

    @property
    def examples_per_epoch(self) -> int:
        """Rows of the table."""
        return len(self.labels)

    @property
    def content(self) -> dict[str, Any]:
        """Counts and a digest of features and labels."""
        return {
            "rows": len(self.labels),
            "features": list(self.features),
            "content": digest(*self.features.values(), self.labels),
            **({"absent": sorted(self.absent)} if self.absent else {}),
        }

    def stream(self, start_step: int = 0, shard: Shard = WHOLE) -> tf.data.Dataset:
        """Batches `(features, labels, weights of 1)` without end.

        Args:
            start_step: number of the first batch.
            shard: the rows of each batch to make.
        """
        rows = shard.rows(self.batch_size)
        count = len(self.labels)
        first_epoch, begun = divmod(start_step, self.steps_per_epoch)
        read = _reader(self.features)
        labels = tf.constant(self.labels)

        def order(number: tf.Tensor) -> tf.data.Dataset:
            shuffled = tf.random.experimental.stateless_shuffle(
                tf.range(count), seed=[self.seed, tf.cast(number, tf.int32)]
            )
            # The last batch is completed with the first rows, so that all batches have one shape.
            missing = self.steps_per_epoch * self.batch_size - count
            filled = tf.concat([shuffled, shuffled[:missing]], axis=0)
            batched = tf.reshape(filled, [self.steps_per_epoch, self.batch_size])
            step = number * self.steps_per_epoch + tf.range(self.steps_per_epoch, dtype=tf.int64)
            return tf.data.Dataset.from_tensor_slices((batched[:, rows], step))

        def batch(row: tf.Tensor, step: tf.Tensor) -> tuple[object, tf.Tensor, tf.Tensor]:
            features = self._with_absent(read(row), step, rows)
            return features, tf.gather(labels, row), tf.ones(rows.stop - rows.start)

        epochs = tf.data.Dataset.counter(first_epoch).flat_map(order).skip(begun)
        return epochs.map(batch, num_parallel_calls=2).prefetch(4)

    def _with_absent(
        self, features: dict[str, tf.Tensor], step: tf.Tensor, rows: slice
    ) -> dict[str, tf.Tensor]:
        names = [name for name, values in self.absent.items() if values]
        if not names:
            return features
        # For the whole batch, so that its rows do not depend on how it is sharded.
        random = tf.random.stateless_uniform([self.batch_size, len(names)], seed=[self.seed, step])
        share = self.absent_share
        if share is None:
            share = min(ABSENT_SHARE, ABSENT_ROWS / sum(map(len, self.absent.values())))
        for name, column in zip(names, tf.unstack(random[rows], axis=1), strict=True):
            given = features[name]
            if given.shape.rank == 2:
                column = column[:, None]
            for number, value in enumerate(self.absent[name]):
                replaced = tf.cast(value, given.dtype)
                if given.dtype.is_integer:  # Padding and missing values stay.
                    replaced = tf.where(given == 0, given, replaced)
                low = number * share
                chosen = (column >= low) & (column < low + share)
                features[name] = given = tf.where(chosen, replaced, given)
        return features


def _reader(features: Mapping[str, NDArray[Any]]) -> Any:
    """Rows of all features: columns of one type are gathered together, to save operations."""
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
