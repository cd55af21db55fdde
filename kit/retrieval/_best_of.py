"""The best items of many users at once, without TensorFlow."""

import numpy as np
from numpy.typing import NDArray

# Columns of a block; of each only the maximum is looked at first.
BLOCK = 32


def best_of(scores: NDArray[np.float32], k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The k highest scores of each row, best first, ties by the smaller column.

    The k blocks of columns with the highest maxima hold the k highest scores: only they are
    searched, so that a row costs little more than to read it once.

    Args:
        scores: float32 [rows, columns]; -inf excludes an item.
        k: number of results, at most the number of columns.

    Returns:
        Columns, int32 [rows, k], -1 past the last one that is not excluded, and their scores.

    Example:

    >>> best_of(np.array([[0.1, 0.9, 0.5], [0.2, -np.inf, -np.inf]], np.float32), 2)[0]
    array([[ 1,  2],
           [ 0, -1]], dtype=int32)
    """
    rows, columns = scores.shape
    blocks = columns // BLOCK
    if blocks <= 2 * k:
        places = np.argpartition(scores, columns - k, axis=1)[:, columns - k :]
    else:
        # Block j holds every blocks-th column from j on: maxima of whole rows of memory are fast.
        cut = scores[:, : blocks * BLOCK].reshape(rows, BLOCK, blocks)
        highest = cut.max(axis=1)
        chosen = np.argpartition(highest, blocks - k, axis=1)[:, blocks - k :]
        within = cut[np.arange(rows)[:, None], :, chosen].reshape(rows, -1)
        rest = scores[:, blocks * BLOCK :]
        found = np.concatenate([within, rest], axis=1)
        best = np.argpartition(found, found.shape[1] - k, axis=1)[:, -k:]
        block = np.take_along_axis(chosen, np.minimum(best // BLOCK, k - 1), axis=1)
        places = np.where(
            best < within.shape[1],
            best % BLOCK * blocks + block,
            best - within.shape[1] + blocks * BLOCK,
        )
    places.sort(axis=1)
    values = np.take_along_axis(scores, places, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    values = np.take_along_axis(values, order, axis=1)
    items = np.take_along_axis(places, order, axis=1).astype(np.int32)
    items[np.isneginf(values)] = -1
    return items, values
