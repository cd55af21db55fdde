"""Training batches of users' sequences, with the next item as the target of every position."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Dataset, Histories, Prepared, histories
from kit.errors import UserError
from kit.training.batches._stream import WHOLE, Shard, digest

NARROWEST = 8
POSITIONS_IN_A_BATCH = 4096


@dataclass(frozen=True)
class Bucket:
    """Users whose sequences are batched together.

    Args:
        users: int32, codes.
        rows: sequences in a batch.
        width: positions in a sequence.
    """

    users: NDArray[np.int32]
    rows: int
    width: int

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return -(-len(self.users) // self.rows)


@dataclass(frozen=True)
class SequenceBatches:
    """An endless stream of sequences, each position with the item that came next.

    Batches hold sequences of similar length, in widths that double from 8 up to `length`; all
    batches have about the same number of positions. Every epoch visits each user once, in a new
    order. Order and random windows depend on the seed and the number of the batch alone: the stream
    can begin at any batch, and any process can make its part of one.

    Args:
        histories: items of each user, oldest first; users with fewer than two are left out.
        batch_size: sequences in a batch of the longest; batches of shorter ones have more.
        length: positions of a sequence; of a longer history a random window is used.
        seed: of order and windows.
        replicas: the number of sequences in a batch is a multiple of this.
        one_width: whether all sequences are padded to `length`, for static shapes.
        weights: float [entries of histories], importance of each target, or None for ones.

    Example:

    >>> lists = Histories(np.array([0, 3, 4]), np.array([0, 1, 2, 2], np.int32))
    >>> batches = SequenceBatches(lists, batch_size=1, length=8, seed=0)
    >>> inputs, targets, weights = next(iter(batches.stream()))
    >>> inputs["history"].numpy().tolist(), targets.numpy().tolist()
    ([[1, 2, 0, 0, 0, 0, 0, 0]], [[2, 3, 0, 0, 0, 0, 0, 0]])
    """

    histories: Histories
    batch_size: int
    length: int
    seed: int
    replicas: int = 1
    one_width: bool = False
    weights: NDArray[np.float32] | None = None

    @cached_property
    def buckets(self) -> list[Bucket]:
        """The sequences by width; if a width has few, they join the next wider ones."""
        places = np.minimum(self.histories.lengths - 1, self.length)
        widths = [self.length]
        while not self.one_width and widths[0] > NARROWEST:
            widths.insert(0, widths[0] // 2)
        found, least = [], 0
        for width in widths:
            users = np.flatnonzero((places > least) & (places <= width)).astype(np.int32)
            rows = self.batch_size * (self.length // width)
            if width == self.length:
                rows = max(min(rows, len(users)) // self.replicas, 1) * self.replicas
            elif len(users) < rows:
                continue
            if len(users):
                found.append(Bucket(users, rows, width))
            least = width
        return found

    @property
    def steps_per_epoch(self) -> int:
        return sum(bucket.steps for bucket in self.buckets)

    @property
    def examples_per_epoch(self) -> int:
        """Targets of an epoch."""
        return int(np.minimum(np.maximum(self.histories.lengths - 1, 0), self.length).sum())

    @property
    def content(self) -> dict[str, Any]:
        """Counts and a digest of the interactions."""
        return {
            "users": int(np.sum(self.histories.lengths > 1)),
            "interactions": len(self.histories.items),
            "content": digest(
                self.histories.offsets, self.histories.items, self.histories.times, self.weights
            ),
        }

    def stream(self, start_step: int = 0, shard: Shard = WHOLE) -> tf.data.Dataset:
        """Batches `({"user", "history"}, targets, weights)` without end; codes start at 1.

        If the histories have times, there is also "time".

        Args:
            start_step: number of the first batch.
            shard: the rows of each batch to make.
        """
        first_epoch, begun = divmod(start_step, self.steps_per_epoch)
        buckets = self.buckets
        users = [tf.constant(bucket.users) for bucket in buckets]
        rows = np.repeat([b.rows for b in buckets], [b.steps for b in buckets])
        starts = tf.constant(np.cumsum(rows) - rows, tf.int32)
        widths = np.repeat([b.width for b in buckets], [b.steps for b in buckets])
        shapes = tf.constant(np.stack([rows, widths], axis=1), tf.int32)
        items, offsets = tf.constant(self.histories.items), tf.constant(self.histories.offsets)
        weights = None if self.weights is None else tf.constant(self.weights)
        times = None if self.histories.times is None else tf.constant(self.histories.times)

        def order(number: tf.Tensor) -> tf.data.Dataset:
            filled = []
            for place, (some, bucket) in enumerate(zip(users, buckets, strict=True)):
                shuffled = tf.random.experimental.stateless_shuffle(
                    some, seed=[self.seed + place, number]
                )
                # The last batch is completed with the first rows.
                missing = bucket.steps * bucket.rows - len(bucket.users)
                filled.append(tf.concat([shuffled, shuffled[:missing]], axis=0))
            everyone = tf.concat(filled, axis=0)
            turns = tf.random.experimental.stateless_shuffle(
                tf.range(len(rows)), seed=[self.seed - 1, number]
            )

            def of_turn(turn: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                start, shape = starts[turn], shapes[turn]
                return everyone[start : start + shape[0]], shape[1]

            return tf.data.Dataset.from_tensor_slices(turns).map(of_turn)

        def batch(number: tf.Tensor, turn: tuple[tf.Tensor, tf.Tensor]) -> tuple[Any, ...]:
            user, width = turn
            # Sampled for the whole batch, so that its rows do not depend on how it is sharded.
            random = tf.random.stateless_uniform(tf.shape(user), [self.seed + 1, number])
            size = tf.shape(user)[0] // shard.of
            mine = slice(shard.index * size, (shard.index + 1) * size)
            user, random = user[mine], random[mine]
            begin = tf.gather(offsets, user)
            owned = tf.cast(tf.gather(offsets, user + 1) - begin, tf.int32)
            free = tf.cast(tf.maximum(owned - 1 - width, 0) + 1, tf.float32)
            first = tf.cast(random * free, tf.int32)[:, None] + tf.range(width)
            filled = first + 1 < owned[:, None]
            place = begin[:, None] + tf.cast(tf.where(filled, first, 0), begin.dtype)
            history = tf.where(filled, tf.gather(items, place) + 1, 0)
            following = tf.where(filled, place + 1, place)
            target = tf.where(filled, tf.gather(items, following) + 1, 0)
            weight = tf.ones(tf.shape(target))
            if weights is not None:
                weight = tf.gather(weights, following)
            inputs = {"user": user + 1, "history": history}
            if times is not None:
                inputs["time"] = tf.where(filled, tf.gather(times, place), 0)
            if self.one_width:
                shape = [buckets[0].rows // shard.of, self.length]
                target, weight = tf.ensure_shape(target, shape), tf.ensure_shape(weight, shape)
                inputs = {n: tf.ensure_shape(x, shape[: x.shape.rank]) for n, x in inputs.items()}
            return inputs, target, weight

        epochs = tf.data.Dataset.counter(first_epoch).flat_map(order).skip(begun)
        numbered = epochs.enumerate(start=start_step)
        return numbered.map(batch, num_parallel_calls=2).prefetch(4)


def sequence_batches(
    dataset: Dataset,
    *,
    length: int,
    timed: bool = False,
    batch_size: int | None = None,
    weighted: bool = False,
    seed: int = 0,
) -> SequenceBatches:
    """Batches of the sequences of a data set, for `kit.models.SequentialRecommender`.

    Args:
        dataset: the split data.
        length: positions of a sequence; of a longer history a random window is used.
        timed: whether the model reads times.
        batch_size: sequences in a batch of the longest; None fills about 4,096 positions.
        weighted: whether interactions count by the weight column.
        seed: of order and windows.

    Raises:
        UserError: the model reads times and the data have none, or nobody has two items in train.

    Example:

    >>> from kit.data import open_source, split
    >>> dataset = split(open_source("online-retail", limit=2000))
    >>> sequence_batches(dataset, length=16).batch_size
    256
    """
    if timed and dataset.train.time is None:
        raise UserError(
            "There are no gaps of time without times.",
            where=f"--time-gaps, {dataset.name}",
            expected="a time column; --time-column names it",
            remedy="Leave --time-gaps out.",
        )
    owned = (
        dataset.histories
        if isinstance(dataset, Prepared) and not timed
        else histories([dataset.train], dataset.num_users, with_times=timed)
    )
    if not (owned.lengths > 1).any():
        raise UserError(
            "No user has two items in train, so nothing comes next.",
            where=dataset.name,
            expected="users with two or more items, in the order of a time column",
            remedy="Give more data, or train two-tower.",
        )
    strategy = tf.distribute.get_strategy()
    return SequenceBatches(
        owned,
        batch_size=batch_size or max(1, POSITIONS_IN_A_BATCH // length),
        length=length,
        seed=seed,
        replicas=strategy.num_replicas_in_sync,
        # A TPU compiles the step for one shape.
        one_width=isinstance(strategy, tf.distribute.TPUStrategy),
        weights=owned.weights_of(dataset.train) if weighted else None,
    )
