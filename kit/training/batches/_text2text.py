"""Training batches of pairs of texts, as tokens of source and target."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.training.batches._stream import WHOLE, Shard, digest

# Maximum difference in length within a group; a few padding tokens are cheaper than small groups.
SHORTER, FEW = 1 / 8, 3


@dataclass(frozen=True)
class Tokens:
    """Token ids of texts, concatenated.

    Args:
        values: int32, all tokens.
        offsets: int64 [texts + 1], where each begins.

    Example:

    >>> tokens = Tokens.of(tf.ragged.constant([[2, 5, 3], [2, 3]], tf.int32))
    >>> len(tokens), tokens.lengths.tolist(), tokens.padded(np.array([1]), 3).tolist()
    (2, [3, 2], [[2, 3, 0]])
    """

    values: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, ragged: tf.RaggedTensor) -> "Tokens":
        """From int32 [texts, (tokens)]."""
        return cls(ragged.flat_values.numpy(), ragged.row_splits.numpy().astype(np.int64))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text."""
        return np.diff(self.offsets)

    def padded(self, rows: NDArray[np.integer], width: int) -> NDArray[np.int32]:
        """Some texts as a matrix, padded with 0."""
        place = self.offsets[rows][:, None] + np.arange(width)
        filled = np.arange(width) < self.lengths[rows][:, None]
        return np.where(filled, self.values[np.where(filled, place, 0)], 0).astype(np.int32)


@dataclass(frozen=True)
class Group:
    """Pairs that are batched together.

    Args:
        pairs: int32, numbers of the pairs.
        rows: pairs in a batch.
        source_width: tokens of the longest source.
        target_width: tokens of the longest target.
    """

    pairs: NDArray[np.int32]
    rows: int
    source_width: int
    target_width: int

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return -(-len(self.pairs) // self.rows)


@dataclass(frozen=True)
class Text2TextBatches:
    """An endless stream of pairs, each position of the target with the next token.

    Batches hold pairs of similar length and about the same number of tokens, padding included.
    Every epoch visits each pair once, in a new order. Order depends on the seed and the number of
    the batch alone: the stream can begin at any batch, and any process can make its part of one.

    Args:
        sources: with start and end tokens.
        targets: of each source, with start and end tokens.
        batch_size: tokens of a batch, of both sides.
        seed: of the order.
        replicas: the number of pairs in a batch is a multiple of this.

    Example:

    >>> texts = Tokens.of(tf.ragged.constant([[2, 5, 3], [2, 6, 7, 3]], tf.int32))
    >>> inputs, following, weights = next(iter(Text2TextBatches(texts, texts, 8, seed=0).stream()))
    >>> inputs["source"].shape, inputs["target"].shape
    (TensorShape([1, 4]), TensorShape([1, 3]))
    """

    sources: Tokens
    targets: Tokens
    batch_size: int
    seed: int
    replicas: int = 1

    @cached_property
    def groups(self) -> list[Group]:
        """The pairs by length, the longest first."""
        longest = np.maximum(self.sources.lengths, self.targets.lengths)
        order = np.lexsort((self.sources.lengths + self.targets.lengths, longest))[::-1]
        found, begin = [], 0
        while begin < len(order):
            most = int(longest[order[begin]])
            least = most - max(FEW, round(SHORTER * most))
            fitting = begin + int(np.sum(longest[order[begin:]] > least))
            # Too few tokens for a batch of this length alone.
            end = min(max(fitting, begin + self._rows(order[begin:fitting])), len(order))
            pairs = order[begin:end].astype(np.int32)
            rows = min(self._rows(pairs), max(1, len(pairs) // self.replicas) * self.replicas)
            found.append(Group(pairs, rows, *self._widths(pairs)))
            begin = end
        return found

    def _widths(self, pairs: NDArray[np.integer]) -> tuple[int, int]:
        return int(self.sources.lengths[pairs].max()), int(self.targets.lengths[pairs].max()) - 1

    def _rows(self, pairs: NDArray[np.integer]) -> int:
        rows = self.batch_size // sum(self._widths(pairs))
        return max(1, rows // self.replicas) * self.replicas

    @property
    def steps_per_epoch(self) -> int:
        return sum(group.steps for group in self.groups)

    @property
    def examples_per_epoch(self) -> int:
        """Target tokens."""
        return int(np.sum(self.targets.lengths - 1))

    @property
    def content(self) -> dict[str, Any]:
        """Counts and a digest of the tokens."""
        arrays = [x for side in (self.sources, self.targets) for x in (side.values, side.offsets)]
        return {"pairs": len(self.sources), "content": digest(*arrays)}

    def in_order(self) -> Iterator[tuple[dict[str, NDArray[np.int32]], NDArray[np.int32]]]:
        """Every pair once, for evaluation: inputs and next tokens, as in `stream`."""
        for group in self.groups:
            for begin in range(0, len(group.pairs), group.rows):
                pairs = group.pairs[begin : begin + group.rows]
                whole = self.targets.padded(pairs, group.target_width + 1)
                read = whole[:, :-1] * (whole[:, 1:] > 0)
                source = self.sources.padded(pairs, group.source_width)
                yield {"source": source, "target": read}, whole[:, 1:]

    def stream(self, start_step: int = 0, shard: Shard = WHOLE) -> tf.data.Dataset:
        """Batches `({"source", "target"}, following, weights)` without end.

        All are int32 [rows, tokens], except the weights: float32, 1 where there is a target token.

        Args:
            start_step: number of the first batch.
            shard: the rows of each batch to make.
        """
        first_epoch, begun = divmod(start_step, self.steps_per_epoch)
        groups = self.groups
        members = [tf.constant(group.pairs) for group in groups]
        steps = [group.steps for group in groups]
        rows = np.repeat([group.rows for group in groups], steps)
        starts = tf.constant(np.cumsum(rows) - rows, tf.int32)
        widths = [[g.rows, g.source_width, g.target_width] for g in groups]
        shapes = tf.constant(np.repeat(widths, steps, axis=0), tf.int32)
        sides = [
            (tf.constant(side.values), tf.constant(side.offsets))
            for side in (self.sources, self.targets)
        ]

        def order(number: tf.Tensor) -> tf.data.Dataset:
            filled = []
            for place, (some, group) in enumerate(zip(members, groups, strict=True)):
                shuffled = tf.random.experimental.stateless_shuffle(
                    some, seed=[self.seed, number * len(groups) + place]
                )
                # The last batch is completed with the first rows.
                missing = group.steps * group.rows - len(group.pairs)
                filled.append(tf.concat([shuffled, shuffled[:missing]], axis=0))
            everyone = tf.concat(filled, axis=0)
            turns = tf.random.experimental.stateless_shuffle(
                tf.range(len(rows), dtype=tf.int32), seed=[self.seed + 1, number]
            )

            def of_turn(turn: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                start, shape = starts[turn], shapes[turn]
                return everyone[start : start + shape[0]], shape

            return tf.data.Dataset.from_tensor_slices(turns).map(of_turn)

        def padded(side: int, pairs: tf.Tensor, first: int, width: tf.Tensor) -> Any:
            values, offsets = sides[side]
            place = tf.gather(offsets, pairs)[:, None] + tf.range(
                first, first + tf.cast(width, tf.int64), dtype=tf.int64
            )
            filled = place < tf.gather(offsets, pairs + 1)[:, None]
            return tf.where(filled, tf.gather(values, tf.where(filled, place, 0)), 0)

        def batch(pairs: tf.Tensor, shape: tf.Tensor) -> tuple[Any, ...]:
            size = tf.shape(pairs)[0] // shard.of
            mine = pairs[shard.index * size : (shard.index + 1) * size]
            following = padded(1, mine, 1, shape[2])
            weights = tf.cast(following > 0, tf.float32)
            # The end token is not an input: no token follows it.
            target = padded(1, mine, 0, shape[2]) * tf.cast(following > 0, tf.int32)
            return {"source": padded(0, mine, 0, shape[1]), "target": target}, following, weights

        epochs = tf.data.Dataset.counter(first_epoch).flat_map(order).skip(begun)
        return epochs.map(batch, num_parallel_calls=2).prefetch(4)
