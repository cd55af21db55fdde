"""Training batches of texts in sentences, with their similarity to the summary as targets."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.training.batches._stream import WHOLE, Shard, digest

# Inverse temperature of the softmax over similarities: the best sentences get nearly all weight.
SHARPNESS = 20.0


@dataclass(frozen=True)
class SentenceBatches:
    """An endless stream of texts, each epoch over all of them in a new order.

    Order depends on the seed and the number of the batch alone: the stream can begin at any batch,
    and any process can make its part of one.

    Args:
        tokens: int32 [texts, sentences, length], 0 is padding.
        likeness: float [texts, sentences or more], 0 to 1; ignored at padding.
        batch_size: texts of a batch; at most the number of texts.
        seed: of the order.

    Example:

    >>> tokens = np.array([[[5, 6], [7, 0]], [[8, 0], [0, 0]]], np.int32)
    >>> batches = SentenceBatches(tokens, np.array([[0.1, 0.9], [0.2, 0.0]]), 2, seed=0)
    >>> tokens, shares, weights = next(iter(batches.stream()))
    >>> tokens.shape, shares.numpy().sum(axis=1)
    (TensorShape([2, 2, 2]), array([1., 1.], dtype=float32))
    """

    tokens: NDArray[np.int32]
    likeness: NDArray[np.floating]
    batch_size: int
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.tokens) // self.batch_size)

    @property
    def examples_per_epoch(self) -> int:
        """Tokens."""
        return int(np.count_nonzero(self.tokens))

    @property
    def content(self) -> dict[str, Any]:
        """Counts and a digest of tokens and likeness."""
        return {"texts": len(self.tokens), "content": digest(self.tokens, self.likeness)}

    def _shares(self) -> NDArray[np.float32]:
        there = (self.tokens > 0).any(axis=2)
        sharp = SHARPNESS * self.likeness[:, : there.shape[1]]
        shares = np.where(there, np.exp(sharp - sharp.max(axis=1, keepdims=True)), 0.0)
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
        return np.asarray(shares, np.float32)

    def stream(self, start_step: int = 0, shard: Shard = WHOLE) -> tf.data.Dataset:
        """Batches `(tokens, shares, weights)` without end.

        Tokens are int32 [rows, sentences, length], shares float32 [rows, sentences] with sum 1,
        weights ones [rows].

        Args:
            start_step: number of the first batch.
            shard: the rows of each batch to make.
        """
        rows, count = shard.rows(self.batch_size), len(self.tokens)
        first_epoch, begun = divmod(start_step, self.steps_per_epoch)
        tokens, shares = tf.constant(self.tokens), tf.constant(self._shares())

        def order(number: tf.Tensor) -> tf.data.Dataset:
            shuffled = tf.random.experimental.stateless_shuffle(
                tf.range(count), seed=[self.seed, tf.cast(number, tf.int32)]
            )
            # The last batch is completed with the first rows, so that all batches have one shape.
            missing = self.steps_per_epoch * self.batch_size - count
            filled = tf.concat([shuffled, shuffled[:missing]], axis=0)
            return tf.data.Dataset.from_tensor_slices(
                tf.reshape(filled, [self.steps_per_epoch, self.batch_size])
            )

        def batch(chosen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            mine = chosen[rows]
            return tf.gather(tokens, mine), tf.gather(shares, mine), tf.ones(tf.shape(mine))

        epochs = tf.data.Dataset.counter(first_epoch).flat_map(order).skip(begun)
        return epochs.map(batch, num_parallel_calls=2).prefetch(4)
