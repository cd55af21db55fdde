"""A weighted mean of a list whose weights are learned."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kit")
class AttentionPooling(keras.layers.Layer):
    """The mean of a list's vectors, each weighted by how well it answers one learned query.

    Args:
        hidden: width of the layer that scores a vector.

    Call arguments:
        vectors: float [batch, length, dim].
        mask: bool [batch, length], False where the position is padding; None where nothing is.

    Returns:
        float [batch, dim]; zeros for a list that is all padding.

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
