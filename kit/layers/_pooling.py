"""Pool a sequence into a vector: mean, last position, attention."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable(package="kit")
class MaskedPooling(keras.layers.Layer):
    """Sum of the unmasked vectors of a sequence, divided by a power of their number.

    Args:
        power: 1 for the mean, 0 for the sum; 0.5 keeps the variance of independent vectors.

    Call arguments:
        vectors: float [..., length, dim].
        mask: bool [..., length], False at padding.

    Returns:
        float [..., dim]; zeros for a sequence that is all padding.

    Example:

    >>> import numpy as np
    >>> vectors = np.array([[[2.0], [4.0], [9.0]]], "float32")
    >>> print(MaskedPooling()(vectors, mask=np.array([[True, True, False]])).numpy())
    [[3.]]
    """

    def __init__(self, power: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.power = power
        self.supports_masking = True
        # There is nothing to build. Under a distribution strategy Keras would call a model with an
        # unbuilt layer on placeholders, whose dtypes differ from those of the data.
        self.built = True

    def call(self, vectors: Any, mask: Any) -> Any:
        weights = ops.cast(mask, vectors.dtype)
        total = ops.einsum("...ld,...l->...d", vectors, weights)
        count = ops.maximum(ops.sum(weights, axis=-1, keepdims=True), 1)
        return total / count**self.power

    def compute_mask(self, vectors: Any, mask: Any = None) -> None:
        # The output has no sequence axis. A loss would misinterpret the mask if it were passed on.
        return None

    def compute_output_shape(self, vectors_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*vectors_shape[:-2], vectors_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power": self.power}


@keras.saving.register_keras_serializable(package="kit")
class LastPooling(keras.layers.Layer):
    """The vector of the last position that is not padding; padding may be on either side.

    Call arguments:
        vectors: float [batch, length, dim].
        mask: bool [batch, length], False at padding; None if there is no padding.

    Returns:
        float [batch, dim]; zeros for a sequence that is all padding.

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
        positions = tf.where(mask, tf.range(tf.shape(mask)[1]), -1)
        # An extra position of zeros in front, which a sequence of only padding selects.
        padded = tf.pad(vectors, [[0, 0], [1, 0], [0, 0]])
        return tf.gather(padded, tf.reduce_max(positions, axis=1) + 1, batch_dims=1)

    def compute_mask(self, vectors: Any, mask: Any = None) -> None:
        return None

    def compute_output_shape(
        self, vectors_shape: tuple[int | None, ...], **_: Any
    ) -> tuple[int | None, ...]:
        return (vectors_shape[0], vectors_shape[-1])


@keras.saving.register_keras_serializable(package="kit")
class AttentionPooling(keras.layers.Layer):
    """Attention pooling: mean of the vectors, weighted by a softmax of trainable scores.

    Args:
        hidden: width of the hidden layer that computes the scores.

    Call arguments:
        vectors: float [batch, length, dim].
        mask: bool [batch, length], False at padding; None if there is no padding.

    Returns:
        float [batch, dim]; zeros for a sequence that is all padding.

    Source: Yang et al. (2016), Hierarchical attention networks for document classification.

    Example:

    >>> AttentionPooling()(tf.ones([2, 5, 8])).shape
    TensorShape([2, 8])
    """

    def __init__(self, hidden: int = 64, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden = hidden
        self.supports_masking = True

    def build(self, vectors_shape: tuple[int | None, ...]) -> None:
        policy = self.dtype_policy
        self.inner = keras.layers.Dense(self.hidden, "tanh", dtype=policy, name="inner")
        self.inner.build(vectors_shape)
        self.query = keras.layers.Dense(1, use_bias=False, dtype=policy, name="query")
        self.query.build((*vectors_shape[:-1], self.hidden))
        self.built = True

    def call(self, vectors: Any, mask: Any = None) -> Any:
        scores = tf.cast(self.query(self.inner(vectors))[..., 0], tf.float32)
        if mask is not None:
            scores = tf.where(mask, scores, -1e9)
        weights = tf.nn.softmax(scores)
        if mask is not None:
            weights = tf.where(mask, weights, 0.0)
        return tf.einsum("bl,bld->bd", tf.cast(weights, vectors.dtype), vectors)

    def compute_mask(self, vectors: Any, mask: Any = None) -> None:
        return None

    def compute_output_shape(
        self, vectors_shape: tuple[int | None, ...], **_: Any
    ) -> tuple[int | None, ...]:
        return (vectors_shape[0], vectors_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "hidden": self.hidden}
