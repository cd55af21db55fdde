"""The last vector of a list that is not padding."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kit")
class LastPooling(keras.layers.Layer):
    """Takes the last position that is not padding, wherever padding stands.

    Call arguments:
        vectors: float [batch, length, dim].
        mask: bool [batch, length], False where the position is padding; None where nothing is.

    Returns:
        float [batch, dim]; zeros for a list that is all padding.

    Example:

    >>> vectors = tf.constant([[[2.0], [4.0], [9.0]]])
    >>> print(LastPooling()(vectors, mask=tf.constant([[True, True, False]])).numpy())
    [[4.]]
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.built = True

    def call(self, vectors: Any, mask: Any = None) -> Any:
        if mask is None:
            return vectors[:, -1]
        places = tf.where(mask, tf.range(tf.shape(mask)[1]), -1)
        # A position before the first, of zeros, is what a list of padding has last.
        padded = tf.pad(vectors, [[0, 0], [1, 0], [0, 0]])
        return tf.gather(padded, tf.reduce_max(places, axis=1) + 1, batch_dims=1)

    def compute_mask(self, vectors: Any, mask: Any = None) -> None:
        return None

    def compute_output_shape(
        self, vectors_shape: tuple[int | None, ...], **_: Any
    ) -> tuple[int | None, ...]:
        return (vectors_shape[0], vectors_shape[-1])
