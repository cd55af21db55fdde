"""Training batches of texts of similar length."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.tokenizers import TokenIds
from kit.training.batches._stream import WHOLE, Shard, digest

BUCKETS = 8
MULTIPLE = 8


@dataclass(frozen=True)
class TextBatches:
    """An endless stream of texts, each epoch over all of them in a new order.

    Batches hold texts of similar length: about eight widths, each with about the same number of
    tokens, to reduce padding. Order depends on the seed and the number of the epoch alone: the
    stream can begin at any batch, and any process can make its part of one.

    Args:
        numbers: token ids of the texts.
        labels: int32 [texts], numbers of their classes.
        classes: number of classes.
        batch_size: texts of a batch; at most the number of texts.
        seed: of the order.
        class_weights: float32 [classes], the weight of a text of each class; None weighs all alike.
        one_width: whether all are padded to the longest, for static shapes.

    Example:

    >>> numbers = TokenIds(np.arange(1, 7, dtype=np.int32), np.array([0, 3, 4, 6]))
    >>> batches = TextBatches(numbers, np.array([0, 1, 1], np.int32), 2, batch_size=3, seed=0)
    >>> texts, targets, weights = next(iter(batches.stream()))
    >>> texts.shape, targets.shape, batches.steps_per_epoch
    (TensorShape([3, 3]), TensorShape([3, 2]), 1)
    """

    numbers: TokenIds
    labels: NDArray[np.int32]
    classes: int
    batch_size: int
    seed: int
    class_weights: NDArray[np.float32] | None = None
    one_width: bool = False

    @cached_property
    def buckets(self) -> list[tuple[NDArray[np.int32], int]]:
        """Rows and width of the texts that are batched together, the shortest first."""
        lengths = self.numbers.lengths
        order = np.argsort(lengths, kind="stable").astype(np.int32)
        pieces = np.cumsum(lengths[order])
        shares = 1 if self.one_width else BUCKETS
        ends = np.searchsorted(pieces, pieces[-1] * np.arange(1, shares) / shares)
        # All widths but the last have whole batches: only one batch of an epoch is padded.
        ends = np.unique(ends // self.batch_size * self.batch_size)
        ends = ends[len(order) - ends >= self.batch_size]
        parts = [part for part in np.split(order, ends) if len(part)]
        # No width exceeds the longest text: a pretrained model may have no more positions.
        longest = int(lengths.max())
        widths = [-(-int(lengths[part].max()) // MULTIPLE) * MULTIPLE for part in parts]
        return [(part, min(width, longest)) for part, width in zip(parts, widths, strict=True)]

    @property
    def steps_per_epoch(self) -> int:
        return sum(-(-len(rows) // self.batch_size) for rows, _ in self.buckets)

    @property
    def examples_per_epoch(self) -> int:
        """Texts."""
        return len(self.numbers)

    @property
    def content(self) -> dict[str, Any]:
        """Counts and a digest of tokens and labels."""
        return {
            "texts": len(self.numbers),
            "pieces": len(self.numbers.values),
            "content": digest(self.numbers.values, self.numbers.offsets, self.labels),
        }

    def stream(self, start_step: int = 0, shard: Shard = WHOLE) -> tf.data.Dataset:
        """Batches `(numbers, targets, weights)` without end.

        Numbers are int32 [rows, width], targets float32 [rows, classes] with one 1 in each row,
        weights float32 [rows].

        Args:
            start_step: number of the first batch.
            shard: the rows of each batch to make.
        """
        mine = shard.rows(self.batch_size)
        first_epoch, begun = divmod(start_step, self.steps_per_epoch)
        buckets = [(tf.constant(rows), width) for rows, width in self.buckets]
        steps = [-(-len(rows) // self.batch_size) for rows, _ in self.buckets]
        widths = tf.constant(np.repeat([width for _, width in self.buckets], steps), tf.int32)
        values, offsets = tf.constant(self.numbers.values), tf.constant(self.numbers.offsets)
        labels = tf.constant(self.labels)
        weights = tf.constant(
            np.ones(self.classes, np.float32) if self.class_weights is None else self.class_weights
        )

        def order(number: tf.Tensor) -> tf.data.Dataset:
            filled = []
            for place, ((rows, _), count) in enumerate(zip(buckets, steps, strict=True)):
                shuffled = tf.random.experimental.stateless_shuffle(
                    rows, seed=[self.seed + place, tf.cast(number, tf.int32)]
                )
                # The last batch is completed with the first rows.
                missing = count * self.batch_size - len(self.buckets[place][0])
                filled.append(tf.concat([shuffled, shuffled[:missing]], axis=0))
            batches = tf.reshape(tf.concat(filled, axis=0), [self.steps_per_epoch, self.batch_size])
            turns = tf.random.experimental.stateless_shuffle(
                tf.range(self.steps_per_epoch), seed=[self.seed - 1, tf.cast(number, tf.int32)]
            )
            return tf.data.Dataset.from_tensor_slices(
                (tf.gather(batches, turns), tf.gather(widths, turns))
            )

        def batch(chosen: tf.Tensor, width: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            rows = chosen[mine]
            begin = tf.gather(offsets, rows)
            lengths = tf.gather(offsets, rows + 1) - begin
            places = tf.range(tf.cast(width, tf.int64))[None, :]
            filled = places < lengths[:, None]
            found = tf.gather(values, tf.where(filled, begin[:, None] + places, 0))
            numbers = tf.where(filled, found, 0)
            if len(buckets) == 1:
                numbers = tf.ensure_shape(numbers, [None, buckets[0][1]])
            targets = tf.one_hot(tf.gather(labels, rows), self.classes)
            return numbers, targets, tf.linalg.matvec(targets, weights)

        epochs = tf.data.Dataset.counter(first_epoch).flat_map(order).skip(begun)
        return epochs.map(batch, num_parallel_calls=2).prefetch(4)
