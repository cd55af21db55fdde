"""Training batches of whole users whose items stay on disk."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.training._user_batches import UserBatches

USERS_AT_ONCE = 1 << 16


class Shard(Protocol):
    """Which rows of every batch a worker makes."""

    def rows(self, batch_size: int) -> slice:
        """The rows, of a batch of so many."""
        ...


class _Whole:
    def rows(self, batch_size: int) -> slice:
        return slice(0, batch_size)


WHOLE: Shard = _Whole()


@dataclass(frozen=True)
class DiskBatches(UserBatches):
    """The batches of `UserBatches`, number by number, for histories that are mapped from a file.

    Eight bytes a user are held in memory, for the order and the place of each history; the items
    of a batch are read from the file when the batch is made.

    Args:
        digest: names the content of the histories.

    Example:

    >>> from kit.data import Histories
    >>> lists = Histories(np.array([0, 3, 4]), np.array([0, 1, 2, 2], np.int32))
    >>> batches = DiskBatches(
    ...     lists, batch_size=2, length=4, targets=4, hidden_share=0.5, seed=0, digest="d"
    ... )
    >>> inputs, targets, weights = next(iter(batches.stream(first_step=5)))
    >>> inputs["history"].shape, batches.content["interactions"]
    (TensorShape([2, 4]), 4)
    """

    digest: str = ""

    def __post_init__(self) -> None:
        if self.weights is not None:
            raise ValueError("Histories on disk have no weights.")

    @property
    def content(self) -> dict[str, int | str]:
        """What is streamed, so that a later run can tell whether it is the same."""
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

    def stream(self, first_step: int = 0, shard: Shard = WHOLE) -> tf.data.Dataset:
        """Batches `({"user", "history"}, targets, weights)` without end; codes start at 1.

        Args:
            first_step: number of the first batch; a batch is the same wherever a stream begins.
            shard: says which rows of every batch to make.
        """
        users = tf.constant(self.users)
        offsets = tf.constant(self.histories.offsets)
        columns = tf.range(self.length)
        rows = shard.rows(self.batch_size)
        shape = [self.batch_size, self.length]

        def order(number: tf.Tensor) -> tf.data.Dataset:
            shuffled = tf.random.experimental.stateless_shuffle(users, seed=[self.seed, number])
            # The last batch is filled from the front, so that every batch has one shape.
            missing = self.steps_per_pass * self.batch_size - len(self.users)
            filled = tf.concat([shuffled, shuffled[:missing]], axis=0)
            batched = tf.reshape(filled, [self.steps_per_pass, self.batch_size])
            return tf.data.Dataset.from_tensor_slices(batched[:, rows])

        def read(place: tf.Tensor) -> tf.Tensor:
            found = tf.numpy_function(
                lambda places: self.histories.items[places], [place], tf.int32, stateful=False
            )
            return tf.ensure_shape(found, place.shape)

        def batch(number: tf.Tensor, user: tf.Tensor) -> tuple[object, tf.Tensor, tf.Tensor]:
            begin = tf.gather(offsets, user)
            owned = tf.cast(tf.gather(offsets, user + 1) - begin, tf.int32)
            # Drawn for the whole batch, so that a row does not depend on who makes it.
            stretch = tf.random.stateless_uniform([self.batch_size], [self.seed + 1, number])[rows]
            draw = tf.random.stateless_uniform(shape, [self.seed + 2, number])[rows]
            free = tf.cast(tf.maximum(owned - self.length, 0) + 1, tf.float32)
            place = tf.cast(stretch * free, tf.int32)[:, None] + columns
            filled = columns < owned[:, None]
            place = begin[:, None] + tf.cast(tf.where(filled, place, 0), begin.dtype)
            code = tf.where(filled, read(place) + 1, 0)
            draw = tf.where(filled, draw, 2.0)
            by_draw = tf.argsort(draw, axis=1)
            draw, code = (tf.gather(x, by_draw, batch_dims=1) for x in (draw, code))
            hidden = (draw < self.hidden_share) | (columns == 0)
            history = tf.where(hidden, 0, code)
            target = tf.where(hidden, code, 0)[:, : self.targets]
            return {"user": user + 1, "history": history}, target, tf.ones(tf.shape(target))

        first_pass, made = divmod(first_step, self.steps_per_pass)
        orders = tf.data.Dataset.counter(first_pass).flat_map(order).skip(made)
        numbered = tf.data.Dataset.zip((tf.data.Dataset.counter(first_step), orders))
        return numbered.map(batch, num_parallel_calls=2).prefetch(4)
