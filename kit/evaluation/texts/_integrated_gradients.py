"""Which tokens of a text a prediction is attributed to."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.models import TextClassifier

STEPS = 64
POINTS_AT_ONCE = 16


def integrated_gradients(
    model: TextClassifier,
    numbers: NDArray[np.int32],
    classes: NDArray[np.integer],
    *,
    unknown: int,
    marks: tuple[int, ...] = (),
    steps: int = STEPS,
) -> NDArray[np.float32]:
    """How much each piece of each text speaks for a class.

    On the straight way from a text of which every piece is unknown to the text itself, the
    gradients of the class's logit by the vectors of the pieces are added up. Over a text they sum
    to what its logit has more than that of the unknown text; the more steps, the closer.

    Args:
        model: a classifier.
        numbers: int32 [texts, length], 0 is padding.
        classes: int [texts], for which class of each text it is asked.
        unknown: the number of an unknown piece.
        marks: numbers that stay as they are on the way, such as those of start and end.
        steps: points on the way, at the middles of equal stretches.

    Returns:
        float32 [texts, length]; 0 at padding and marks.

    Source: Sundararajan, Taly and Yan (2017), Axiomatic attribution for deep networks.

    Example:

    >>> from kit.models import TextEncoder
    >>> model = TextClassifier(TextEncoder(size=9, kind="conv", dim=4), classes=2)
    >>> texts = np.array([[2, 5, 3]], np.int32)
    >>> found = integrated_gradients(model, texts, np.array([1]), unknown=1, marks=(2, 3))
    >>> found.shape, float(found[0, 0])
    ((1, 3), 0.0)
    """
    given = tf.constant(numbers)
    fixed = tf.reduce_any(given[..., None] == tf.constant([0, *marks]), axis=-1)
    there = tf.cast(model.encoder.embedded(given), tf.float32)
    nothing = tf.cast(model.encoder.embedded(tf.where(fixed, given, unknown)), tf.float32)
    mask, chosen = given != 0, tf.constant(classes, tf.int32)

    @tf.function(autograph=False, reduce_retracing=True)
    def slopes(shares: tf.Tensor, start: tf.Tensor, way: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
        """The gradients at some points of one text's way, added up."""
        vectors = start + shares[:, None, None] * way
        masks = tf.repeat(mask[row][None], tf.size(shares), axis=0)
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            logits = model.logits_of_vectors(tf.cast(vectors, model.encoder.compute_dtype), masks)
            wanted = tf.gather(logits, chosen[row], axis=1)
        return tf.reduce_sum(tf.cast(tape.gradient(wanted, vectors), tf.float32), axis=0)

    shares = (np.arange(steps, dtype=np.float32) + 0.5) / steps
    found = np.zeros(numbers.shape, np.float32)
    for row in range(len(numbers)):
        way = there[row] - nothing[row]
        total = tf.zeros_like(way)
        for begin in range(0, steps, POINTS_AT_ONCE):
            points = tf.constant(shares[begin : begin + POINTS_AT_ONCE])
            total += slopes(points, nothing[row], way, tf.constant(row))
        found[row] = tf.reduce_sum(total * way, axis=-1) / steps
    return found
