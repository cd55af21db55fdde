"""How often a model that writes has the next token right."""

from collections.abc import Callable

import keras
import tensorflow as tf

from kit.training import PairBatches


def token_accuracy(model: keras.Model, pairs: PairBatches) -> Callable[[], float]:
    """A measure of the model as it stands: the share of tokens that are most probable.

    Every token is asked for behind the right ones before it, as in training. It takes a fraction
    of the time that writing the texts does.

    Args:
        model: takes `{"source", "target"}`, gives logits.
        pairs: to measure on.

    Returns:
        A function that measures.
    """
    batches = [
        ({name: tf.constant(x) for name, x in inputs.items()}, tf.constant(following))
        for inputs, following in pairs.in_order()
    ]
    tokens = tf.TensorSpec([None, None], tf.int32)

    def right(inputs: dict[str, tf.Tensor], following: tf.Tensor) -> tf.Tensor:
        best = tf.argmax(model(inputs, training=False), axis=-1, output_type=tf.int32)
        return tf.math.count_nonzero((best == following) & (following > 0))

    counted = tf.function(
        right, input_signature=[{"source": tokens, "target": tokens}, tokens]
    )

    def measure() -> float:
        found = sum(int(counted(*batch)) for batch in batches)
        return found / max(1, pairs.interactions_per_pass)

    return measure
