"""HSTU block."""

import math
from typing import Any

import keras
import tensorflow as tf

from kit.layers._attention import (
    RelativeTimeBias,
    attention_mask,
    merge_heads,
    rotated,
    split_heads,
)


@keras.saving.register_keras_serializable(package="kit")
class HSTUBlock(keras.layers.Layer):
    """HSTU block: gated attention with SiLU in place of softmax, and a residual connection.

    Args:
        heads: number of attention heads; twice this number must divide the width of the inputs.
        causal: whether a position attends only to itself and earlier positions.
        time_buckets: number of buckets of a `RelativeTimeBias`; 0 for none.
        dropout: dropout rate of the block's output before the residual addition.

    Call arguments:
        vectors: float [batch, length, dim].
        mask: bool [batch, length], False at padding, or None.
        times: float [batch, length], in seconds; required with `time_buckets`.

    Returns:
        float [batch, length, dim].

    Raises:
        ValueError: the width is not a multiple of twice the number of heads, or `times` are
            missing.

    Source: Zhai et al. (2024), Actions speak louder than words: trillion-parameter sequential
    transducers for generative recommendations. Here positions are rotary, and the sum over keys
    is divided by the number of keys that the query may attend to, so padding has no effect.

    Example:

    >>> HSTUBlock(heads=2)(tf.ones([3, 5, 8])).shape
    TensorShape([3, 5, 8])
    """

    def __init__(
        self,
        heads: int,
        *,
        causal: bool = True,
        time_buckets: int = 0,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Times must not be cast to the compute dtype.
        self.supports_masking = True
        self.heads, self.causal, self.time_buckets = heads, causal, time_buckets
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)
        self.norms = [
            keras.layers.LayerNormalization(epsilon=1e-6, dtype="float32", name=f"norm_{i}")
            for i in range(2)
        ]
        self.time_bias = None
        if time_buckets:
            self.time_bias = RelativeTimeBias(heads, time_buckets, dtype=self.dtype_policy)

    def build(self, vectors_shape: tuple[int | None, ...]) -> None:
        dim = vectors_shape[-1]
        if dim is None or dim % (2 * self.heads):
            raise ValueError(
                f"A width of {dim} cannot be shared out to {self.heads} heads of even width."
            )
        policy = self.dtype_policy
        self.projection = keras.layers.Dense(4 * dim, "silu", dtype=policy, name="projection")
        self.output_projection = keras.layers.Dense(dim, dtype=policy, name="output")
        for layer in (self.projection, self.output_projection, *self.norms):
            layer.build(vectors_shape)
        if self.time_bias is not None:
            self.time_bias.build((None, None))
        self.built = True

    def call(
        self, vectors: Any, mask: Any = None, times: Any = None, training: bool = False
    ) -> Any:
        vectors = tf.cast(vectors, self.compute_dtype)
        normed = tf.cast(self.norms[0](vectors), self.compute_dtype)
        gate, *parts = tf.split(self.projection(normed), 4, axis=-1)
        query, key, value = (split_heads(x, self.heads) for x in parts)
        scores = tf.matmul(rotated(query), rotated(key), transpose_b=True)
        scores = tf.cast(scores, tf.float32) / math.sqrt(query.shape[-1])
        if self.time_bias is not None:
            if times is None:
                raise ValueError("Attention with `time_buckets` takes `times` as well.")
            scores += tf.cast(self.time_bias(times), tf.float32)
        allowed = attention_mask(tf.shape(vectors)[1], mask, self.causal)
        weights = tf.where(allowed, tf.nn.silu(scores), 0.0)
        seen = tf.reduce_sum(tf.cast(allowed, tf.float32), axis=-1, keepdims=True)
        weights = tf.cast(weights / tf.maximum(seen, 1.0), value.dtype)
        joined = merge_heads(tf.matmul(weights, value), like=vectors)
        joined = tf.cast(self.norms[1](joined), self.compute_dtype)
        added = self.output_projection(joined * gate)
        return vectors + self.dropout(added, training=training)

    def compute_output_shape(self, vectors_shape: Any, **_: Any) -> Any:
        return vectors_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "heads": self.heads,
            "causal": self.causal,
            "time_buckets": self.time_buckets,
            "dropout": self.dropout.rate,
        }
