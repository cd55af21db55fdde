"""How long ago one event was when another happened, as a bias of attention."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kit")
class RelativeTimeBias(keras.layers.Layer):
    """A trained number a head for each bucket of the gap between two events.

    Buckets grow with the logarithm of the gap: 0 s, then a bucket for each doubling.

    Args:
        heads: heads of the attention.
        buckets: number of buckets; longer gaps fall into the last.

    Call arguments:
        times: float [batch, length], in seconds from any origin. float32 holds whole seconds up to
            2^24, so give them relative to a time of the sequence.

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
        self.autocast = False  # Times arrive as they are given.
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
        # A product with one-hot rows: its gradient is a sum, not a scatter of every pair.
        chosen = tf.one_hot(bucket, self.buckets, dtype=self.compute_dtype)
        return tf.einsum("bqkn,nh->bhqk", chosen, tf.cast(self.bias.value, self.compute_dtype))

    def compute_output_shape(self, times_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, length = times_shape
        return (batch, self.heads, length, length)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads, "buckets": self.buckets}
