"""Ids that arrive as floats."""

from typing import Any

import tensorflow as tf


def integer_ids(ids: Any) -> Any:
    """The same ids as integers, exactly or not at all.

    `keras.Input` is float32 unless told otherwise, and so are tables that held a missing value, so
    that ids often arrive as floats. Layers that take ids switch Keras's autocast off, which would
    round them to the compute dtype before `call`, and convert them here.

    Args:
        ids: integers, or floats that hold whole numbers.

    Returns:
        int32 or int64, in the same shape.

    Raises:
        tf.errors.InvalidArgumentError: a float that is no whole number, or so large that its type
            skips integers: above 2^24 in float32, 2^53 in float64, 2^11 in float16, 2^8 in
            bfloat16.

    Example:

    >>> integer_ids(tf.constant([2909.0, 16_777_216.0])).numpy().tolist()
    [2909, 16777216]
    """
    dtype = tf.as_dtype(ids.dtype)
    if dtype in (tf.int32, tf.int64):
        return ids
    if not dtype.is_floating:
        return tf.cast(ids, tf.int64 if dtype.size >= 4 else tf.int32)
    ids, largest = tf.convert_to_tensor(ids), EXACT[dtype]
    # Also false of NaN. Without an upper bound, infinity would be whole.
    is_exact = tf.reduce_all((tf.abs(ids) <= tf.cast(largest, ids.dtype)) & (tf.round(ids) == ids))
    message = f"Ids have to be whole numbers, as {dtype.name} at most {largest:,}; give int64."
    with tf.control_dependencies([tf.debugging.Assert(is_exact, [message, ids], summarize=10)]):
        return tf.cast(ids, tf.int64 if largest > 2**31 else tf.int32)


# Up to these every integer has a float of its own.
EXACT = {tf.float64: 2**53, tf.float32: 2**24, tf.float16: 2**11, tf.bfloat16: 2**8}
