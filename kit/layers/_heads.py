"""What all kinds of attention share: heads, and which keys a query may look at."""

from typing import Any

import tensorflow as tf


def of_heads(vectors: Any, heads: int) -> Any:
    """float [batch, length, heads * width] -> [batch, heads, length, width]."""
    batch, length = tf.unstack(tf.shape(vectors))[:2]
    shape = [batch, length, heads, vectors.shape[-1] // heads]
    return tf.transpose(tf.reshape(vectors, shape), [0, 2, 1, 3])


def joined_heads(vectors: Any, like: Any) -> Any:
    """The way back, to the shape of `like`."""
    joined = tf.reshape(tf.transpose(vectors, [0, 2, 1, 3]), tf.shape(like))
    return tf.ensure_shape(joined, like.shape)


def attention_mask(length: Any, mask: Any, causal: bool) -> Any:
    """bool, broadcasts to [batch, heads, length, length]: the keys each query may look at."""
    places = tf.range(length)
    allowed = places[None, :] <= places[:, None] if causal else tf.ones([length, length], tf.bool)
    allowed = allowed[None, None]
    return allowed if mask is None else allowed & mask[:, None, None, :]
