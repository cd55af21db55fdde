"""Training batches of whole users whose items stay on disk."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.training._user_batches import UserBatches

USERS_AT_ONCE = 1 << 16


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

    def _reader(self) -> Callable[[tf.Tensor], tf.Tensor]:
        def read(place: tf.Tensor) -> tf.Tensor:
            found = tf.numpy_function(
                lambda places: self.histories.items[places], [place], tf.int32, stateful=False
            )
            return tf.ensure_shape(found, place.shape)

        return read
