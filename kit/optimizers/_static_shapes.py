"""Sums of repeated ids in shapes known beforehand, as XLA and with it a TPU ask for."""

from typing import Any

import tensorflow as tf
from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext


def compiled_by_xla() -> bool:
    """Whether the step being traced is compiled by XLA: `jit_compile=True`, or a TPU's strategy.

    Example:

    >>> tf.function(compiled_by_xla, jit_compile=True)().numpy().item(), compiled_by_xla()
    (True, False)
    """
    # TensorFlow offers no public way to ask.
    inside: bool = GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())
    return inside


def total_of_each_place(gradient: Any, *, once: bool = False) -> Any:
    """Gives every place the sum of the values of its id; as many places as before.

    The number of distinct ids is known only when the step runs, so there is one place per id asked
    for instead. Storing rows computed from it is right all the same: places of one id store
    one row.

    Args:
        gradient: `tf.IndexedSlices`, values [n, ...], indices [n].
        once: only the first place of an id holds its sum, the others hold zeros. That is the same
            gradient again, but norms count each row once.

    Returns:
        `tf.IndexedSlices` with n places, in order of the indices.

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
    places = tf.size(indices) if indices.shape[0] is None else indices.shape[0]
    is_first = tf.concat([tf.ones_like(indices[:1], tf.bool), indices[1:] != indices[:-1]], axis=0)
    number = tf.cumsum(tf.cast(is_first, tf.int32)) - 1
    sums = tf.math.unsorted_segment_sum(values, number, places)
    totals = tf.gather(sums, number)
    if once:
        column = tf.reshape(is_first, [-1] + [1] * (values.shape.rank - 1))
        totals = tf.where(column, totals, tf.zeros_like(totals))
    return tf.IndexedSlices(totals, indices, gradient.dense_shape)
