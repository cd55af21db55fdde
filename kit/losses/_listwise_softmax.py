"""Softmax over the candidates of one person."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kit")
class ListwiseSoftmax(keras.losses.Loss):
    """Cross-entropy between the softmax of a list's scores and what was taken of it.

    Call arguments:
        y_true: float [batch, n], 1 for a candidate that was taken, else 0.
        y_pred: float [batch, n], scores; the lowest float is no candidate.

    Returns:
        `-sum(y * log(softmax(scores))) / sum(y)` of each list; 0 where nothing was taken.

    Source: Cao et al. (2007), Learning to rank: from pairwise approach to listwise approach.

    Example:

    >>> float(ListwiseSoftmax()(tf.constant([[1.0, 0.0]]), tf.constant([[0.0, 0.0]]))) > 0.69
    True
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        scores, taken = tf.cast(y_pred, tf.float32), tf.cast(y_true, tf.float32)
        # The lowest float times zero is no number once the highest score was subtracted.
        surprise = tf.where(taken > 0, -tf.nn.log_softmax(scores, axis=1), 0.0)
        total = tf.reduce_sum(taken * surprise, axis=1)
        return total / tf.maximum(tf.reduce_sum(taken, axis=1), 1)
