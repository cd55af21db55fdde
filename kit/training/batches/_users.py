"""Batches of users with their items, from memory or from disk."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Dataset, Histories, Prepared, default_length, train_histories
from kit.training.batches._stream import WHOLE, Shard, digest


@dataclass(frozen=True)
class UserBatches:
    """An endless stream of users, each with some items hidden as targets and the rest as history.

    Every epoch visits each user once in a new order and samples the hidden items again. Order and
    samples depend on the seed and the number of the batch alone: the stream can begin at any batch,
    and any process can make its part of one.

    Args:
        histories: items of each user; users without items are left out.
        batch_size: users in a batch; at most the number of users.
        length: items of a user that enter a batch, a random window of a longer history.
        targets: hidden items of a user that enter a batch as targets.
        hidden_share: probability that an item is hidden; at least one always is.
        weights: float [entries of histories], importance of each target, or None for ones.
        seed: of order and samples.

    Example:

    >>> lists = Histories(np.array([0, 3, 4]), np.array([0, 1, 2, 2], np.int32))
    >>> batches = UserBatches(lists, batch_size=2, length=4, targets=4, hidden_share=0.5, seed=0)
    >>> inputs, targets, weights = next(iter(batches.stream()))
    >>> inputs["history"].shape, targets.shape, batches.steps_per_epoch
    (TensorShape([2, 4]), TensorShape([2, 4]), 1)
    """

    histories: Histories
    batch_size: int
    length: int
    targets: int
    hidden_share: float
    seed: int
    weights: NDArray[np.float32] | None = None

    @property
    def users(self) -> NDArray[np.int32]:
        """Users with at least one item."""
        return np.flatnonzero(self.histories.lengths).astype(np.int32)

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.users) // self.batch_size)

    @property
    def examples_per_epoch(self) -> int:
        """Items that enter an epoch, as history or as target."""
        return int(np.minimum(self.histories.lengths, self.length).sum())

    @property
    def content(self) -> dict[str, Any]:
        """Counts and a digest of the interactions."""
        return {
            "users": len(self.users),
            "interactions": len(self.histories.items),
            "content": digest(self.histories.offsets, self.histories.items, self.weights),
        }

    def target_share(self, num_items: int) -> NDArray[np.float64]:
        """float64 [num_items]: share of each item among the targets, up to a factor."""
        lengths = self.histories.lengths
        # Items of users with more than fit are sampled, so each of them comes less often.
        chance = np.minimum(lengths, self.targets) / np.maximum(lengths, 1)
        weights = chance[self.histories.row_of_each_item]
        share = np.bincount(self.histories.items, weights=weights, minlength=num_items)
        return share.astype(np.float64)

    def _reader(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """Function that returns the items at positions of the histories."""
        items = tf.constant(self.histories.items)
        return lambda place: tf.gather(items, place)

    def stream(self, start_step: int = 0, shard: Shard = WHOLE) -> tf.data.Dataset:
        """Batches `({"user", "history"}, targets, weights)` without end; codes start at 1.

        Args:
            start_step: number of the first batch.
            shard: the rows of each batch to make.
        """
        rows = shard.rows(self.batch_size)
        size = rows.stop - rows.start
        first_epoch, begun = divmod(start_step, self.steps_per_epoch)
        users = tf.constant(self.users)
        offsets = tf.constant(self.histories.offsets)
        read = self._reader()
        weights = None if self.weights is None else tf.constant(self.weights)
        columns = tf.range(self.length)

        def order(number: tf.Tensor) -> tf.data.Dataset:
            shuffled = tf.random.experimental.stateless_shuffle(users, seed=[self.seed, number])
            # The last batch is completed with the first rows, so that all batches have one shape.
            missing = self.steps_per_epoch * self.batch_size - len(self.users)
            filled = tf.concat([shuffled, shuffled[:missing]], axis=0)
            batched = tf.reshape(filled, [self.steps_per_epoch, self.batch_size])
            return tf.data.Dataset.from_tensor_slices(batched[:, rows])

        def batch(number: tf.Tensor, user: tf.Tensor) -> tuple[object, tf.Tensor, tf.Tensor]:
            # Sampled for the whole batch, so that its rows do not depend on how it is sharded.
            shape = [self.batch_size, self.length]
            begin = tf.gather(offsets, user)
            owned = tf.cast(tf.gather(offsets, user + 1) - begin, tf.int32)
            stretch_seed, hide_seed = [self.seed + 1, number], [self.seed + 2, number]
            free = tf.cast(tf.maximum(owned - self.length, 0) + 1, tf.float32)
            stretch = tf.random.stateless_uniform(shape[:1], stretch_seed)[rows] * free
            place = tf.cast(stretch, tf.int32)[:, None] + columns
            filled = columns < owned[:, None]
            place = begin[:, None] + tf.cast(tf.where(filled, place, 0), begin.dtype)
            draw = tf.random.stateless_uniform(shape, hide_seed)[rows]
            draw = tf.where(filled, draw, 2.0)
            code = tf.where(filled, read(place) + 1, 0)
            by_draw = tf.argsort(draw, axis=1)
            draw, place, code = (tf.gather(x, by_draw, batch_dims=1) for x in (draw, place, code))
            hidden = (draw < self.hidden_share) | (columns == 0)
            history = tf.where(hidden, 0, code)
            target = tf.where(hidden, code, 0)[:, : self.targets]
            weight = tf.ones(tf.shape(target))
            if weights is not None:
                weight = tf.gather(weights, place)[:, : self.targets]
            user = tf.ensure_shape(user, [size])
            return {"user": user + 1, "history": history}, target, weight

        epochs = tf.data.Dataset.counter(first_epoch).flat_map(order).skip(begun)
        numbered = epochs.enumerate(start=start_step)
        return numbered.map(batch, num_parallel_calls=2).prefetch(4)


def default_batch_size(num_users: int, most: int = 1024) -> int:
    """A quarter of the users, rounded to a power of two between 64 and `most`.

    Example:

    >>> default_batch_size(943), default_batch_size(1_000_000)
    (256, 1024)
    """
    return int(np.clip(2 ** round(np.log2(max(num_users, 1) / 4)), 64, most))


USERS_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class DiskBatches(UserBatches):
    """The same batches as `UserBatches`, for histories memory-mapped from a file.

    Eight bytes a user are in memory, for the order and the position of each history; the items of a
    batch are read from the file when the batch is made.

    Args:
        digest: identifies the content of the histories.

    Example:

    >>> from kit.data import Histories
    >>> lists = Histories(np.array([0, 3, 4]), np.array([0, 1, 2, 2], np.int32))
    >>> batches = DiskBatches(
    ...     lists, batch_size=2, length=4, targets=4, hidden_share=0.5, seed=0, digest="d"
    ... )
    >>> inputs, targets, weights = next(iter(batches.stream(start_step=5)))
    >>> inputs["history"].shape, batches.content["interactions"]
    (TensorShape([2, 4]), 4)
    """

    digest: str = ""

    def __post_init__(self) -> None:
        if self.weights is not None:
            raise ValueError("Histories on disk have no weights.")

    @property
    def content(self) -> dict[str, Any]:
        """Counts and a digest that identify the data in a later run."""
        return {
            "users": len(self.users),
            "interactions": int(self.histories.offsets[-1]),
            "digest": self.digest,
        }

    def target_share(self, num_items: int) -> NDArray[np.float64]:
        """float64 [num_items]: share of each item among the targets, up to a factor."""
        share = np.zeros(num_items)
        for start in range(0, len(self.histories), USERS_AT_ONCE):
            offsets = self.histories.offsets[start : start + USERS_AT_ONCE + 1]
            lengths = np.diff(offsets)
            chance = np.minimum(lengths, self.targets) / np.maximum(lengths, 1)
            items = self.histories.items[offsets[0] : offsets[-1]]
            share += np.bincount(items, np.repeat(chance, lengths), minlength=num_items)
        return share

    def _reader(self) -> Callable[[tf.Tensor], tf.Tensor]:
        def read(place: tf.Tensor) -> tf.Tensor:
            found = tf.numpy_function(
                lambda places: self.histories.items[places], [place], tf.int32, stateful=False
            )
            return tf.ensure_shape(found, place.shape)

        return read


def user_batches(
    dataset: Dataset,
    *,
    full: bool,
    batch_size: int | None = None,
    half_life: float | None = None,
    weighted: bool = False,
    seed: int = 0,
) -> UserBatches:
    """Batches of the users of a data set, for the loss of a `kit.models.TwoTower`.

    Args:
        dataset: the split data; prepared data are read from the disk.
        full: whether the loss is over all items; the sampled one takes fewer targets a user.
        batch_size: users in a batch; None takes a share of the users.
        half_life: days after which an interaction counts half as much; None counts all alike.
        weighted: whether interactions count by the weight column.
        seed: of order and samples.

    Example:

    >>> from kit.data import open_source, split
    >>> dataset = split(open_source("online-retail", limit=2000))
    >>> user_batches(dataset, full=True).hidden_share
    0.5
    """
    owned = train_histories(dataset)
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    batch_size = batch_size or default_batch_size(dataset.num_users, most=256 if full else 512)
    settings: dict[str, Any] = {
        "batch_size": min(batch_size, dataset.num_users // replicas * replicas),
        "length": default_length(owned.lengths, most=256 if full else 64),
        "targets": default_length(owned.lengths, most=256) if full else 8,
        "hidden_share": 0.5,
        "seed": seed,
    }
    if isinstance(dataset, Prepared):
        return DiskBatches(owned, digest=dataset.digest, **settings)
    weights = owned.recency(half_life) if half_life else None
    if weighted:
        given = owned.weights_of(dataset.train)
        weights = given if weights is None else given * weights
    return UserBatches(owned, weights=weights, **settings)
