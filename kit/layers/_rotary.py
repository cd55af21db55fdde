"""Positions as rotations."""

from typing import Any

import tensorflow as tf

BASE = 10_000.0


def rotated(vectors: tf.Tensor, first: Any = 0) -> tf.Tensor:
    """Turn every pair of entries by an angle that grows with the position.

    The product of two turned vectors depends on the distance of their positions alone.

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
    places = tf.range(tf.shape(vectors)[-2], dtype=tf.float32) + tf.cast(first, tf.float32)
    angles = places[:, None] * frequencies
    sine, cosine = (tf.cast(f(angles), vectors.dtype) for f in (tf.sin, tf.cos))
    first, second = vectors[..., :half], vectors[..., half:]
    return tf.concat([first * cosine - second * sine, first * sine + second * cosine], axis=-1)
