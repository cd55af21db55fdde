"""Self-attention between features, of AutoInt."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kit")
class InteractingAttention(keras.layers.Layer):
    """Multi-head self-attention over the features, with a linear shortcut and a ReLU.

    Each layer raises the order of the feature interactions.

    Args:
        heads: number of attention heads.
        dim: width of each head.

    Call arguments:
        vectors: float [batch, fields, width].

    Returns:
        float [batch, fields, heads * dim].

    Source: Song et al. (2019), AutoInt: automatic feature interaction learning via self-attentive
    neural networks. Scores are divided by the square root of the width, as in Vaswani et al.
    (2017).

    Example:

    >>> import tensorflow as tf
    >>> InteractingAttention(heads=2, dim=8)(tf.zeros([5, 3, 4])).shape
    TensorShape([5, 3, 16])
    """

    def __init__(self, heads: int = 2, dim: int = 16, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads, self.dim = heads, dim
        self.query, self.key, self.value, self.itself = (
            keras.layers.Dense(heads * dim, use_bias=False, dtype=self.dtype_policy, name=name)
            for name in ("query", "key", "value", "itself")
        )

    def build(self, vectors_shape: tuple[int | None, ...]) -> None:
        for layer in (self.query, self.key, self.value, self.itself):
            layer.build(vectors_shape)
        self.built = True

    def call(self, vectors: Any) -> Any:
        query, key, value = (
            self._by_head(layer(vectors)) for layer in (self.query, self.key, self.value)
        )
        scores = ops.einsum("bqhd,bkhd->bhqk", query, key) / self.dim**0.5
        mixed = ops.einsum("bhqk,bkhd->bqhd", ops.softmax(scores), value)
        together = ops.reshape(mixed, (-1, vectors.shape[1], self.heads * self.dim))
        return ops.relu(together + self.itself(vectors))

    def _by_head(self, projected: Any) -> Any:
        return ops.reshape(projected, (-1, projected.shape[1], self.heads, self.dim))

    def compute_output_shape(self, vectors_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*vectors_shape[:-1], self.heads * self.dim)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads, "dim": self.dim}
