"""Sparse gradients of embedding lookups: deduplication and clipping."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kit.optimizers._static_shapes import compiled_by_xla, total_of_each_place


def sum_repeated(gradient: Any) -> Any:
    """Sum the values of repeated ids, so that each id appears once.

    The gradient of a lookup has one value per looked-up id. Nonlinear functions of it, such as
    squares and norms, require the sum per row first.

    Args:
        gradient: `tf.IndexedSlices`, values [n, ...], indices [n].

    Returns:
        `tf.IndexedSlices` with distinct indices, in order of first appearance.

    Example:

    >>> twice = tf.IndexedSlices(values=tf.constant([[1.0], [2.0], [4.0]]), indices=[7, 3, 7])
    >>> once = sum_repeated(twice)
    >>> once.indices.numpy().tolist(), once.values.numpy().ravel().tolist()
    ([7, 3], [5.0, 2.0])
    """
    rows, position = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, position, tf.size(rows))
    return tf.IndexedSlices(values, rows, gradient.dense_shape)


def clip(
    gradients: Sequence[Any],
    *,
    clipnorm: float | None,
    clipvalue: float | None,
    global_clipnorm: float | None,
) -> list[Any]:
    """Clip gradients as Keras does, but on the sums of repeated ids and without densifying.

    Args:
        gradients: tensors, `tf.IndexedSlices` or None.
        clipnorm: maximum norm of each gradient.
        clipvalue: maximum absolute value of an entry.
        global_clipnorm: maximum global norm of all gradients.

    Example:

    >>> twice = tf.IndexedSlices(values=tf.constant([[3.0], [3.0]]), indices=[0, 0])
    >>> (one,) = clip([twice], clipnorm=None, clipvalue=5.0, global_clipnorm=None)
    >>> one.values.numpy().tolist()
    [[5.0]]
    """
    summed = [_each_row_once(g) if isinstance(g, tf.IndexedSlices) else g for g in gradients]
    if global_clipnorm:
        return list(tf.clip_by_global_norm(summed, global_clipnorm)[0])
    if clipnorm:
        return [None if g is None else tf.clip_by_norm(g, clipnorm) for g in summed]
    if clipvalue:
        return [None if g is None else _clip_by_value(g, clipvalue) for g in summed]
    return summed


def _each_row_once(gradient: Any) -> Any:
    return total_of_each_place(gradient, once=True) if compiled_by_xla() else sum_repeated(gradient)


def _clip_by_value(gradient: Any, limit: float) -> Any:
    if isinstance(gradient, tf.IndexedSlices):
        values = tf.clip_by_value(gradient.values, -limit, limit)
        return tf.IndexedSlices(values, gradient.indices, gradient.dense_shape)
    return tf.clip_by_value(gradient, -limit, limit)
