"""Sums of repeated ids with static shapes, which XLA and TPUs require."""

from typing import Any

import tensorflow as tf
from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext


def compiled_by_xla() -> bool:
    """Whether the function being traced is compiled by XLA: `jit_compile=True` or a TPU strategy.

    Example:

    >>> tf.function(compiled_by_xla, jit_compile=True)().numpy().item(), compiled_by_xla()
    (True, False)
    """
    # TensorFlow has no public API for this.
    inside: bool = GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())
    return inside


def total_of_each_place(gradient: Any, *, once: bool = False) -> Any:
    """Replace the value at each position by the sum of the values of its id, keeping all positions.

    The number of distinct ids is unknown when a graph is compiled, so repeated ids stay. Rows that
    are computed from the result can be stored: all positions of an id store the same row.

    Args:
        gradient: `tf.IndexedSlices`, values [n, ...], indices [n].
        once: whether only the first position of an id gets the sum and the others zeros. This is
            the same gradient, but norms count each row once.

    Returns:
        `tf.IndexedSlices` with n positions, sorted by index.

    Example:

    >>> twice = tf.IndexedSlices(values=tf.constant([[1.0], [2.0], [4.0]]), indices=[7, 3, 7])
    >>> total_of_each_place(twice).indices.numpy().tolist()
    [3, 7, 7]
    >>> total_of_each_place(twice).values.numpy().ravel().tolist()
    [2.0, 5.0, 5.0]
    >>> total_of_each_place(twice, once=True).values.numpy().ravel().tolist()
    [2.0, 5.0, 0.0]
    """
    order = tf.argsort(gradient.indices)
    indices, values = tf.gather(gradient.indices, order), tf.gather(gradient.values, order)
    size = tf.size(indices) if indices.shape[0] is None else indices.shape[0]
    is_first = tf.concat([tf.ones_like(indices[:1], tf.bool), indices[1:] != indices[:-1]], axis=0)
    number = tf.cumsum(tf.cast(is_first, tf.int32)) - 1
    sums = tf.math.unsorted_segment_sum(values, number, size)
    totals = tf.gather(sums, number)
    if once:
        column = tf.reshape(is_first, [-1] + [1] * (values.shape.rank - 1))
        totals = tf.where(column, totals, tf.zeros_like(totals))
    return tf.IndexedSlices(totals, indices, gradient.dense_shape)
