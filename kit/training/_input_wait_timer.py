"""How long steps waited for their batches."""

import time
from typing import Any

import tensorflow as tf


class InputWaitTimer:
    """Notes when each batch of a stream is ready to be taken.

    A step waits when it asks for its batch before that moment. Batches are noted by number, since
    Keras may open the stream twice.
    """

    def __init__(self) -> None:
        self._times: dict[int, float] = {}

    def noted(self, stream: tf.data.Dataset, start_step: int) -> tf.data.Dataset:
        """The same stream; what follows it must not keep a step waiting."""

        def note(number: tf.Tensor, batch: Any) -> Any:
            noted = tf.numpy_function(self._note, [number], [])
            with tf.control_dependencies([noted]):
                return tf.nest.map_structure(tf.identity, batch)

        return stream.enumerate(start_step).map(note).prefetch(2)

    def _note(self, number: int) -> None:
        self._times[int(number)] = time.perf_counter()

    def waited(self, step: int, asked: float) -> float:
        """Seconds that the step waited which asked at that time (`time.perf_counter`)."""
        return max(0.0, self._times.pop(step, asked) - asked)
