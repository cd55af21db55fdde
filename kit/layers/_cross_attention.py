"""Multi-head attention of one sequence to another."""

import math
from typing import Any

import keras
import tensorflow as tf

from kit.layers._heads import joined_heads, of_heads

MASKED = -1e9


@keras.saving.register_keras_serializable(package="kit")
class CrossAttention(keras.layers.Layer):
    """Every position of a sequence looks at all positions of another one.

    Args:
        heads: number of heads; divides the width of the inputs.
        dropout: share of the attention weights dropped in training.

    Call arguments:
        vectors: float [batch, length, dim].
        memory: float [batch, memory length, memory dim], what is looked at.
        memory_mask: bool [batch, memory length], False where it is padding, or None.

    Returns:
        float [batch, length, dim]; zeros and a bias where there is nothing to look at.

    Raises:
        ValueError: the width is no multiple of the heads.

    Source: Vaswani et al. (2017), Attention is all you need.

    Example:

    >>> CrossAttention(heads=2)(tf.ones([3, 5, 8]), tf.ones([3, 7, 6])).shape
    TensorShape([3, 5, 8])
    """

    def __init__(self, heads: int, *, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.heads = heads
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(
        self,
        vectors_shape: tuple[int | None, ...],
        memory_shape: tuple[int | None, ...] | None = None,
    ) -> None:
        dim, memory_shape = vectors_shape[-1], memory_shape or vectors_shape
        if dim is None or dim % self.heads:
            raise ValueError(f"A width of {dim} cannot be shared out to {self.heads} heads.")

        def dense(units: int, shape: tuple[int | None, ...], name: str) -> Any:
            layer = keras.layers.Dense(units, dtype=self.dtype_policy, name=name)
            layer.build(shape)
            return layer

        self.query = dense(dim, vectors_shape, "query")
        self.projection = dense(2 * dim, memory_shape, "projection")
        self.output_projection = dense(dim, (*vectors_shape[:-1], dim), "output")
        self.built = True

    def call(
        self, vectors: Any, memory: Any, memory_mask: Any = None, training: bool = False
    ) -> Any:
        return self.attend(vectors, *self.keys_and_values(memory), memory_mask, training=training)

    def keys_and_values(self, memory: Any) -> tuple[Any, Any]:
        """What `attend` needs of the memory, float [batch, heads, memory length, dim / heads]."""
        key, value = (
            of_heads(x, self.heads) for x in tf.split(self.projection(memory), 2, axis=-1)
        )
        return key, value

    def attend(
        self, vectors: Any, keys: Any, values: Any, mask: Any = None, *, training: bool = False
    ) -> Any:
        """`call`, with the keys and values of the memory."""
        query = of_heads(self.query(vectors), self.heads)
        scores = tf.matmul(query, keys, transpose_b=True) / math.sqrt(query.shape[-1])
        scores = tf.cast(scores, tf.float32)
        if mask is None:
            weights = tf.nn.softmax(scores)
        else:
            allowed = mask[:, None, None, :]
            weights = tf.nn.softmax(tf.where(allowed, scores, MASKED))
            weights = tf.where(allowed, weights, 0.0)
        weights = self.dropout(tf.cast(weights, values.dtype), training=training)
        return self.output_projection(joined_heads(tf.matmul(weights, values), like=vectors))

    def compute_output_shape(self, vectors_shape: Any, *_: Any, **__: Any) -> Any:
        return vectors_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads, "dropout": self.dropout.rate}
