"""Rows of numbers of different length as a rectangle."""

from typing import Any

import tensorflow as tf

# An empty batch, too, has some columns.
NARROWEST = 2


def with_marks(pieces: tf.RaggedTensor, start: int, end: int, length: int | Any) -> tf.RaggedTensor:
    """A start before every row and an end after it; a row too long for both loses its end.

    Args:
        pieces: int32 [batch, (pieces)].
        start: number of the mark.
        end: number of the mark.
        length: of the longest row, with its marks.
    """
    pieces = pieces[:, : length - 2]
    rows = pieces.nrows()
    return tf.concat([tf.fill([rows, 1], start), pieces, tf.fill([rows, 1], end)], axis=1)


def rectangle(pieces: tf.RaggedTensor, padding: int, length: int | Any, shortest: bool) -> Any:
    """Rows filled up with padding, or cut.

    Args:
        pieces: int32 [batch, (pieces)].
        padding: number of the mark.
        length: of every row.
        shortest: whether rows are no longer than the longest needs; `length` is the most then.

    Returns:
        int32 [batch, length].
    """
    if not shortest:
        return pieces.to_tensor(padding, shape=[None, length])
    found = pieces[:, :length].to_tensor(padding)
    missing = tf.maximum(NARROWEST - tf.shape(found)[1], 0)
    return tf.pad(found, [[0, 0], [0, missing]], constant_values=padding)
