"""Rows of numbers of different length as a rectangle."""

from typing import Any

import tensorflow as tf

# An empty batch, too, has some columns.
NARROWEST = 2


def truncate_middle(length: int | Any) -> tuple[Any, Any]:
    """How many pieces of the start and of the end of a text too long are kept, without marks.

    A quarter of the start and the rest of the end: what a text comes to stands there.

    Args:
        length: of the longest row, with its marks.

    Source: Sun et al. (2019), How to fine-tune BERT for text classification?

    Example:

    >>> truncate_middle(258)
    (64, 192)
    """
    start = (length - 2) // 4
    return start, length - 2 - start


def with_marks(
    pieces: tf.RaggedTensor, start: int, end: int, length: int | Any, ends: bool = False
) -> tf.RaggedTensor:
    """A start before every row and an end after it; a row too long for both is cut.

    Args:
        pieces: int32 [batch, (pieces)].
        start: number of the mark.
        end: number of the mark.
        length: of the longest row, with its marks.
        ends: whether a row too long loses its middle, not its end.
    """
    if ends:
        first, last = truncate_middle(length)
        lengths = pieces.row_lengths()
        places = tf.ragged.range(lengths).flat_values
        of_row = tf.gather(lengths, pieces.value_rowids())
        kept = (places < first) | (places >= of_row - last)
        pieces = tf.RaggedTensor.from_row_lengths(
            tf.boolean_mask(pieces.flat_values, kept),
            tf.minimum(lengths, first + last),
            validate=False,
        )
    else:
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
