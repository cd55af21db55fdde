"""How often a model that writes has the next token right."""

from collections.abc import Callable, Iterable
from typing import Any

import keras
import tensorflow as tf


def token_accuracy(
    model: keras.Model, batches: Iterable[tuple[dict[str, Any], Any]]
) -> Callable[[], float]:
    """A measure of the model as it stands: the share of tokens that are most probable.

    Every token is asked for behind the right ones before it, as in training. It takes a fraction
    of the time that writing the texts does.

    Args:
        model: takes `{"source", "target"}`, gives logits.
        batches: to measure on: inputs, and the tokens that follow, int32 [rows, tokens], 0 where
            there is none.

    Returns:
        A function that measures.
    """
    kept = [
        ({name: tf.constant(x) for name, x in inputs.items()}, tf.constant(following))
        for inputs, following in batches
    ]
    every = sum(int(tf.math.count_nonzero(following)) for _, following in kept)
    tokens = tf.TensorSpec([None, None], tf.int32)

    def right(inputs: dict[str, tf.Tensor], following: tf.Tensor) -> tf.Tensor:
        best = tf.argmax(model(inputs, training=False), axis=-1, output_type=tf.int32)
        return tf.math.count_nonzero((best == following) & (following > 0))

    counted = tf.function(right, input_signature=[{"source": tokens, "target": tokens}, tokens])

    def measure() -> float:
        return sum(int(counted(*batch)) for batch in kept) / max(1, every)

    return measure
