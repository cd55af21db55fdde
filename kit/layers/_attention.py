"""Self-attention and cross-attention, rotary positions, relative time."""

import math
from typing import Any

import keras
import tensorflow as tf


def split_heads(vectors: Any, heads: int) -> Any:
    """float [batch, length, heads * width] -> [batch, heads, length, width]."""
    batch, length = tf.unstack(tf.shape(vectors))[:2]
    shape = [batch, length, heads, vectors.shape[-1] // heads]
    return tf.transpose(tf.reshape(vectors, shape), [0, 2, 1, 3])


def merge_heads(vectors: Any, like: Any) -> Any:
    """The inverse of `split_heads`: reshapes to the shape of `like`."""
    joined = tf.reshape(tf.transpose(vectors, [0, 2, 1, 3]), tf.shape(like))
    return tf.ensure_shape(joined, like.shape)


def attention_mask(length: Any, mask: Any, causal: bool) -> Any:
    """Which keys each query may attend to: bool, broadcasts to [batch, heads, length, length]."""
    positions = tf.range(length)
    allowed = (
        positions[None, :] <= positions[:, None] if causal else tf.ones([length, length], tf.bool)
    )
    allowed = allowed[None, None]
    return allowed if mask is None else allowed & mask[:, None, None, :]


@keras.saving.register_keras_serializable(package="kit")
class CrossAttention(keras.layers.Layer):
    """Multi-head attention of every position of a sequence to all positions of another one.

    Args:
        heads: number of attention heads; must divide the width of the inputs.
        dropout: dropout rate of the attention weights.

    Call arguments:
        vectors: float [batch, length, dim].
        memory: float [batch, memory length, memory dim], the sequence that is attended to.
        memory_mask: bool [batch, memory length], False at padding, or None.

    Returns:
        float [batch, length, dim]; where all of the memory is masked, only the output bias.

    Raises:
        ValueError: the width is not a multiple of the number of heads.

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
        """Keys and values of the memory, each float [batch, heads, memory length, dim / heads]."""
        key, value = (
            split_heads(x, self.heads) for x in tf.split(self.projection(memory), 2, axis=-1)
        )
        return key, value

    def attend(
        self, vectors: Any, keys: Any, values: Any, mask: Any = None, *, training: bool = False
    ) -> Any:
        """Attend to a memory by its keys and values, as `keys_and_values` returned them."""
        query = split_heads(self.query(vectors), self.heads)
        scores = tf.matmul(query, keys, transpose_b=True) / math.sqrt(query.shape[-1])
        scores = tf.cast(scores, tf.float32)
        if mask is None:
            weights = tf.nn.softmax(scores)
        else:
            allowed = mask[:, None, None, :]
            weights = tf.nn.softmax(tf.where(allowed, scores, MASKED))
            weights = tf.where(allowed, weights, 0.0)
        weights = self.dropout(tf.cast(weights, values.dtype), training=training)
        return self.output_projection(merge_heads(tf.matmul(weights, values), like=vectors))

    def compute_output_shape(self, vectors_shape: Any, *_: Any, **__: Any) -> Any:
        return vectors_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads, "dropout": self.dropout.rate}


BASE = 10_000.0


def rotated(vectors: tf.Tensor, first: Any = 0) -> tf.Tensor:
    """Apply rotary position embeddings.

    Every pair of entries is rotated by an angle proportional to the position, so the dot product of
    two rotated vectors depends on their positions only through the distance.

    Args:
        vectors: float [..., length, dim], dim even.
        first: position of the first vector.

    Returns:
        float [..., length, dim].

    Source: Su et al. (2021), RoFormer: enhanced transformer with rotary position embedding.

    Example:

    >>> round(float(rotated(tf.ones([2, 2]))[1, 0]), 4)  # cos 1 - sin 1
    -0.3012
    """
    half = vectors.shape[-1] // 2
    frequencies = BASE ** (-tf.range(half, dtype=tf.float32) / half)
    positions = tf.range(tf.shape(vectors)[-2], dtype=tf.float32) + tf.cast(first, tf.float32)
    angles = positions[:, None] * frequencies
    sine, cosine = (tf.cast(f(angles), vectors.dtype) for f in (tf.sin, tf.cos))
    first, second = vectors[..., :half], vectors[..., half:]
    return tf.concat([first * cosine - second * sine, first * sine + second * cosine], axis=-1)


@keras.saving.register_keras_serializable(package="kit")
class RelativeTimeBias(keras.layers.Layer):
    """A trainable attention bias, per head, for the time gap between two events.

    Gaps are bucketed logarithmically: bucket n holds gaps g, in seconds, with
    2^n <= g + 1 < 2^(n + 1).

    Args:
        heads: number of attention heads.
        buckets: number of buckets; longer gaps fall into the last one.

    Call arguments:
        times: float [batch, length], in seconds from any origin. float32 represents whole seconds
            exactly up to 2^24, so pass times relative to one of the sequence.

    Returns:
        float [batch, heads, length, length].

    Source: Zhai et al. (2024), Actions speak louder than words (HSTU), the temporal part of its
    relative attention bias.

    Example:

    >>> bias = RelativeTimeBias(heads=2, buckets=32)
    >>> bias(tf.constant([[0.0, 60.0, 86_400.0]])).shape
    TensorShape([1, 2, 3, 3])
    """

    def __init__(self, heads: int, buckets: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Times must not be cast to the compute dtype.
        self.heads, self.buckets = heads, buckets

    def build(self, times_shape: tuple[int | None, ...]) -> None:
        self.bias = self.add_weight(
            shape=(self.buckets, self.heads),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="bias",
        )
        self.built = True

    def call(self, times: Any) -> Any:
        gaps = tf.abs(times[:, :, None] - times[:, None, :])
        doublings = tf.math.log1p(tf.cast(gaps, tf.float32)) / tf.math.log(2.0)
        bucket = tf.minimum(tf.cast(doublings, tf.int32), self.buckets - 1)
        # A product with one-hot rows, whose gradient is a matrix product instead of a scatter.
        one_hot = tf.one_hot(bucket, self.buckets, dtype=self.compute_dtype)
        return tf.einsum("bqkn,nh->bhqk", one_hot, tf.cast(self.bias.value, self.compute_dtype))

    def compute_output_shape(self, times_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, length = times_shape
        return (batch, self.heads, length, length)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads, "buckets": self.buckets}


MASKED = -1e9


@keras.saving.register_keras_serializable(package="kit")
class SelfAttention(keras.layers.Layer):
    """Multi-head self-attention with causal and padding masks.

    Args:
        heads: number of attention heads; must divide the width of the inputs.
        causal: whether a position attends only to itself and earlier positions.
        rotary: whether to use rotary position embeddings.
        time_buckets: number of buckets of a `RelativeTimeBias` added to the scores; `call` then
            requires `times`. 0 for none.
        dropout: dropout rate of the attention weights.

    Call arguments:
        vectors: float [batch, length, dim].
        mask: bool [batch, length], False at padding; None if there is no padding.
        times: float [batch, length], in seconds; required with `time_buckets`.

    Returns:
        float [batch, length, dim]; at positions that may attend to nothing, only the output bias.

    Raises:
        ValueError: the width is not a multiple of the number of heads (of twice that number with
            `rotary`), or `times` are missing.

    Source: Vaswani et al. (2017), Attention is all you need; rotary positions: Su et al. (2021),
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
        self.autocast = False  # Times must not be cast to the compute dtype.
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
        # One matrix product for queries, keys and values, split afterwards, is fastest on a CPU.
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
            split_heads(x, self.heads) for x in tf.split(self.projection(vectors), 3, axis=-1)
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
        return self.output_projection(merge_heads(heads, like=vectors))

    def step(self, vectors: Any, keys: Any, values: Any) -> tuple[Any, Any, Any]:
        """The output of `call` at the next position, with cached keys and values.

        For causal attention without time buckets only.

        Args:
            vectors: float [batch, 1, dim], the next position.
            keys: float [batch, heads, earlier positions, dim / heads]; of length 0 at first.
            values: same shape.

        Returns:
            float [batch, 1, dim], and the keys and values including this position.
        """
        position = tf.shape(keys)[2]
        query, key, value = (
            split_heads(x, self.heads) for x in tf.split(self.projection(vectors), 3, axis=-1)
        )
        if self.rotary:
            query, key = rotated(query, position), rotated(key, position)
        keys, values = tf.concat([keys, key], axis=2), tf.concat([values, value], axis=2)
        scores = tf.matmul(query, keys, transpose_b=True) / math.sqrt(query.shape[-1])
        weights = tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32)), values.dtype)
        heads = tf.matmul(weights, values)
        return self.output_projection(merge_heads(heads, like=vectors)), keys, values

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
