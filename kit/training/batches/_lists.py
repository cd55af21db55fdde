"""Training batches of lists of candidates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.training.batches._stream import WHOLE, Shard, digest


@dataclass(frozen=True)
class ListBatches:
    """An endless stream of lists, each epoch in a new order that depends on the seed alone.

    Args:
        features: float32 [lists, n] by name.
        taken: bool [lists, n], whether the user interacted with the candidate; weights are ones.
        batch_size: lists in a batch; at most the number of lists.
        seed: of the order.

    Example:

    >>> batches = ListBatches({"price": np.zeros((3, 5))}, np.zeros((3, 5), bool), 2, seed=0)
    >>> inputs, taken, weights = next(iter(batches.stream()))
    >>> inputs["price"].shape, taken.shape, weights.shape, batches.steps_per_epoch
    (TensorShape([2, 5]), TensorShape([2, 5]), TensorShape([2]), 2)
    """

    features: Mapping[str, NDArray[np.floating]]
    taken: NDArray[np.bool_]
    batch_size: int
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.taken) // self.batch_size)

    @property
    def examples_per_epoch(self) -> int:
        """Candidates that users interacted with."""
        return int(self.taken.sum())

    @property
    def content(self) -> dict[str, Any]:
        """Counts and a digest of the lists."""
        return {
            "lists": len(self.taken),
            "taken": self.examples_per_epoch,
            "content": digest(self.taken, *self.features.values()),
        }

    def stream(self, start_step: int = 0, shard: Shard = WHOLE) -> tf.data.Dataset:
        """`(inputs, taken, weights)` from that batch on, of each the rows of the shard."""
        features = {name: tf.constant(x, tf.float32) for name, x in self.features.items()}
        taken = tf.constant(self.taken, tf.float32)
        rows = shard.rows(self.batch_size)
        first_epoch, begun = divmod(start_step, self.steps_per_epoch)
        lists = tf.range(len(self.taken))

        def order(number: Any) -> tf.data.Dataset:
            shuffled = tf.random.experimental.stateless_shuffle(lists, seed=[self.seed, number])
            # The last batch is completed with the first rows, so that all batches have one shape.
            missing = self.steps_per_epoch * self.batch_size - len(self.taken)
            filled = tf.concat([shuffled, shuffled[:missing]], axis=0)
            batched = tf.reshape(filled, [self.steps_per_epoch, self.batch_size])
            return tf.data.Dataset.from_tensor_slices(batched[:, rows])

        def batch(chosen: Any) -> Any:
            inputs = {name: tf.gather(x, chosen) for name, x in features.items()}
            return inputs, tf.gather(taken, chosen), tf.ones([rows.stop - rows.start])

        epochs = tf.data.Dataset.counter(first_epoch).flat_map(order).skip(begun)
        return epochs.map(batch, num_parallel_calls=2).prefetch(4)
