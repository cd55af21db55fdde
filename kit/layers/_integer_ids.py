"""Convert ids to integers."""

from typing import Any

import tensorflow as tf


def integer_ids(ids: Any) -> Any:
    """Convert ids to integers, exactly or with an error.

    `keras.Input` defaults to float32, and columns with missing values are float, so ids often
    arrive as floats. Layers that take ids disable Keras's autocast, which would round them to the
    compute dtype before `call`, and convert them with this function.

    Args:
        ids: integers, or floats that hold whole numbers.

    Returns:
        int32 or int64, in the same shape.

    Raises:
        tf.errors.InvalidArgumentError: a float is not a whole number, or is above the range in
            which its dtype represents every integer: 2^24 in float32, 2^53 in float64, 2^11 in
            float16, 2^8 in bfloat16.

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
    # False for NaN, too. Without the upper bound, infinity would count as whole.
    is_exact = tf.reduce_all((tf.abs(ids) <= tf.cast(largest, ids.dtype)) & (tf.round(ids) == ids))
    message = f"Ids have to be whole numbers, as {dtype.name} at most {largest:,}; give int64."
    with tf.control_dependencies([tf.debugging.Assert(is_exact, [message, ids], summarize=10)]):
        return tf.cast(ids, tf.int64 if largest > 2**31 else tf.int32)


# The largest magnitudes up to which each dtype represents every integer.
EXACT = {tf.float64: 2**53, tf.float32: 2**24, tf.float16: 2**11, tf.bfloat16: 2**8}
