"""The stream of batches: its protocol, its shards, and how long training waits for it."""

import time
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.errors import UserError


class InputWaitTimer:
    """Records when each batch of a stream is ready.

    A step waits if it requests its batch before that moment. Times are stored by batch number,
    since Keras may open the stream twice.
    """

    def __init__(self) -> None:
        self._times: dict[int, float] = {}

    def noted(self, stream: tf.data.Dataset, start_step: int) -> tf.data.Dataset:
        """The stream with recorded times; transformations after it must not block a step."""

        def note(number: tf.Tensor, batch: Any) -> Any:
            noted = tf.numpy_function(self._note, [number], [])
            with tf.control_dependencies([noted]):
                return tf.nest.map_structure(tf.identity, batch)

        return stream.enumerate(start_step).map(note).prefetch(2)

    def _note(self, number: int) -> None:
        self._times[int(number)] = time.perf_counter()

    def waited(self, step: int, asked: float) -> float:
        """Seconds that the step waited that requested a batch at `time.perf_counter`."""
        return max(0.0, self._times.pop(step, asked) - asked)


def digest(*arrays: NDArray[Any] | None) -> str:
    """A short digest of the content of arrays.

    Example:

    >>> digest(np.arange(3)) == digest(np.arange(3), None) != digest(np.arange(4))
    True
    """
    found = blake2b(digest_size=8)
    for array in arrays:
        if array is not None:
            found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


@dataclass(frozen=True)
class Shard:
    """One of `count` equal parts of every batch.

    Example:

    >>> Shard(1, of=4).rows(batch_size=8)
    slice(2, 4, None)
    """

    index: int
    of: int

    def rows(self, batch_size: int) -> slice:
        """Rows of the batch that belong to the shard."""
        size = batch_size // self.of
        return slice(self.index * size, (self.index + 1) * size)


WHOLE = Shard(0, of=1)
"""The shard of a single worker: all rows."""


class Batches(Protocol):
    """A recipe's training data: batches `(inputs, targets, weights)` without end.

    Batch number n is always the same, in every process and wherever a stream begins: exact resume
    and exact sharding depend on it.
    """

    @property
    def batch_size(self) -> int:
        """Rows of a batch."""
        ...

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch over the data."""
        ...

    @property
    def examples_per_epoch(self) -> int:
        """Interactions that enter an epoch; what the rate counts."""
        ...

    @property
    def content(self) -> dict[str, Any]:
        """Counts and a digest that identify the data, by name."""
        ...

    def stream(self, start_step: int = 0, shard: Shard = WHOLE) -> tf.data.Dataset:
        """The batches from that number on, of each the rows of the shard."""
        ...


def distributed(
    batches: Batches, strategy: tf.distribute.Strategy, start_step: int, ready: InputWaitTimer
) -> Any:
    """The stream for `fit` under a strategy: each replica gets its slice of every batch.

    Args:
        batches: the training data.
        strategy: that of the model.
        start_step: number of the first batch.
        ready: records when each batch is ready.

    Raises:
        UserError: the batch cannot be divided evenly.
    """
    replicas = strategy.num_replicas_in_sync
    if replicas == 1:
        return ready.noted(batches.stream(start_step), start_step)
    if batches.batch_size % replicas:
        raise UserError(
            f"A batch of {batches.batch_size} cannot be shared out to {replicas} replicas.",
            where="--batch-size",
            expected=f"a multiple of {replicas}",
            remedy=f"Give --batch-size {max(batches.batch_size // replicas, 1) * replicas}.",
        )

    def of_pipeline(context: tf.distribute.InputContext) -> tf.data.Dataset:
        pipelines = context.num_input_pipelines
        shard = Shard(context.input_pipeline_id, of=pipelines)
        stream = ready.noted(batches.stream(start_step, shard), start_step)
        here = replicas // pipelines
        return stream if here == 1 else stream.flat_map(lambda *batch: _cut(batch, here))

    return strategy.distribute_datasets_from_function(of_pipeline)


def _cut(batch: Any, parts: int) -> tf.data.Dataset:
    def cut(tensor: tf.Tensor) -> tf.Tensor:
        if tensor.shape.is_fully_defined():
            return tf.reshape(tensor, [parts, tensor.shape[0] // parts, *tensor.shape[1:]])
        shape = tf.shape(tensor)
        return tf.reshape(tensor, tf.concat([[parts, shape[0] // parts], shape[1:]], axis=0))

    return tf.data.Dataset.from_tensor_slices(tf.nest.map_structure(cut, batch))
