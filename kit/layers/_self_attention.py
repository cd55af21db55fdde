"""Multi-head self-attention over a sequence."""

import math
from typing import Any

import keras
import tensorflow as tf

from kit.layers._heads import attention_mask, joined_heads, of_heads
from kit.layers._relative_time import RelativeTimeBias
from kit.layers._rotary import rotated

MASKED = -1e9


@keras.saving.register_keras_serializable(package="kit")
class SelfAttention(keras.layers.Layer):
    """Multi-head self-attention with causal and padding masks.

    Args:
        heads: number of heads; divides the width of the inputs.
        causal: whether a position attends to itself and earlier ones only.
        rotary: whether queries and keys are turned by their position.
        time_buckets: buckets of the gap between two events whose bias is added to the scores (its
            call then takes `times`); 0 for none.
        dropout: share of the attention weights dropped in training.

    Call arguments:
        vectors: float [batch, length, dim].
        mask: bool [batch, length], False where the position is padding; None where nothing is.
        times: float [batch, length], in seconds, where there are `time_buckets`.

    Returns:
        float [batch, length, dim]; zeros where there is nothing to attend to.

    Raises:
        ValueError: the width is no multiple of the heads (of twice the heads if `rotary`), or
            `times` are missing.

    Source: Vaswani et al. (2017), Attention is all you need; rotary positions of Su et al. (2021),
    RoFormer.

    Example:

    >>> SelfAttention(heads=2)(tf.ones([3, 5, 8])).shape
    TensorShape([3, 5, 8])
    """

    def __init__(
        self,
        heads: int,
        *,
        causal: bool = True,
        rotary: bool = True,
        time_buckets: int = 0,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Times arrive as they are given.
        self.supports_masking = True
        self.heads, self.causal, self.rotary = heads, causal, rotary
        self.time_buckets = time_buckets
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)
        self.time_bias = None
        if time_buckets:
            self.time_bias = RelativeTimeBias(heads, time_buckets, dtype=self.dtype_policy)

    def build(self, vectors_shape: tuple[int | None, ...]) -> None:
        dim = vectors_shape[-1]
        if dim is None or dim % (self.heads * (2 if self.rotary else 1)):
            raise ValueError(
                f"A width of {dim} cannot be shared out to {self.heads} heads"
                f"{' of even width' if self.rotary else ''}."
            )
        # One product for queries, keys and values, split afterwards, is the fastest on a CPU.
        self.projection = keras.layers.Dense(3 * dim, dtype=self.dtype_policy, name="projection")
        self.projection.build((*vectors_shape[:-1], dim))
        self.output_projection = keras.layers.Dense(dim, dtype=self.dtype_policy, name="output")
        self.output_projection.build((*vectors_shape[:-1], dim))
        if self.time_bias is not None:
            self.time_bias.build((None, None))
        self.built = True

    def call(
        self, vectors: Any, mask: Any = None, times: Any = None, training: bool = False
    ) -> Any:
        query, key, value = (
            of_heads(x, self.heads) for x in tf.split(self.projection(vectors), 3, axis=-1)
        )
        if self.rotary:
            query, key = rotated(query), rotated(key)
        scores = tf.matmul(query, key, transpose_b=True) / math.sqrt(query.shape[-1])
        scores = tf.cast(scores, tf.float32)
        if self.time_bias is not None:
            if times is None:
                raise ValueError("Attention with `time_buckets` takes `times` as well.")
            scores += tf.cast(self.time_bias(times), tf.float32)
        allowed = attention_mask(tf.shape(vectors)[1], mask, self.causal)
        weights = tf.nn.softmax(tf.where(allowed, scores, MASKED))
        weights = tf.cast(tf.where(allowed, weights, 0.0), value.dtype)
        heads = tf.matmul(self.dropout(weights, training=training), value)
        return self.output_projection(joined_heads(heads, like=vectors))

    def step(self, vectors: Any, keys: Any, values: Any) -> tuple[Any, Any, Any]:
        """What `call` gives for the next position, from what is kept of the earlier ones.

        Only of causal attention without time buckets.

        Args:
            vectors: float [batch, 1, dim], of the next position.
            keys: float [batch, heads, earlier positions, dim / heads]; none at the start.
            values: of the same shape.

        Returns:
            float [batch, 1, dim]; keys and values with those of this position.
        """
        place = tf.shape(keys)[2]
        query, key, value = (
            of_heads(x, self.heads) for x in tf.split(self.projection(vectors), 3, axis=-1)
        )
        if self.rotary:
            query, key = rotated(query, place), rotated(key, place)
        keys, values = tf.concat([keys, key], axis=2), tf.concat([values, value], axis=2)
        scores = tf.matmul(query, keys, transpose_b=True) / math.sqrt(query.shape[-1])
        weights = tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32)), values.dtype)
        heads = tf.matmul(weights, values)
        return self.output_projection(joined_heads(heads, like=vectors)), keys, values

    def compute_output_shape(self, vectors_shape: Any, **_: Any) -> Any:
        return vectors_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "heads": self.heads,
            "causal": self.causal,
            "rotary": self.rotary,
            "time_buckets": self.time_buckets,
            "dropout": self.dropout.rate,
        }
