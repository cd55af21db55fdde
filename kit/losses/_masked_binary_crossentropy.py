"""Binary cross-entropy of the labels that are known."""

from typing import Any

import tensorflow as tf


def masked_binary_crossentropy(targets: Any, logits: Any) -> Any:
    """Mean binary cross-entropy of each row's labels, those left out that are NaN.

    Where some labels are not known for every row, as whether a product was bought that was not
    clicked, a row teaches what it knows.

    Args:
        targets: float [batch, labels], 0, 1 or NaN.
        logits: float [batch, labels].

    Returns:
        float32 [batch], 0 where no label is known.

    Example:

    >>> targets, logits = tf.constant([[1.0, float("nan")]]), tf.constant([[0.0, 3.0]])
    >>> round(float(masked_binary_crossentropy(targets, logits)[0]), 4)
    0.6931
    """
    targets, logits = tf.cast(targets, tf.float32), tf.cast(logits, tf.float32)
    known = tf.logical_not(tf.math.is_nan(targets))
    # Filled in before the loss: a NaN that is masked behind it still reaches the gradient.
    losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.where(known, targets, 0.0), logits)
    total = tf.reduce_sum(tf.where(known, losses, 0.0), axis=-1)
    count = tf.math.count_nonzero(known, axis=-1, dtype=tf.float32)
    return tf.math.divide_no_nan(total, count)
