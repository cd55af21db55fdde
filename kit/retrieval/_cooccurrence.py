"""Items that occur together, and recommendations explained by a history."""

from itertools import pairwise

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

BLOCK_WORK = 2**25


def item_cooccurrence(owned: sparse.csr_matrix, neighbours: int) -> sparse.csc_matrix:
    """Cosines of the items' sets of users, those of each item's nearest neighbours only.

    Args:
        owned: float32 [users, items], one where a user has an item.
        neighbours: how many similar items each item keeps; equal cosines are kept together.

    Returns:
        float32 [items, items]; a column holds the neighbours of its item.

    Source: Deshpande and Karypis (2004), Item-based top-N recommendation algorithms.

    Example:

    >>> owned = sparse.csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1]], np.float32))
    >>> (item_cooccurrence(owned, neighbours=1).toarray().sum(axis=1) > 0).tolist()
    [True, True, False]
    """
    items = owned.shape[1]
    norms = np.sqrt(np.asarray(owned.sum(axis=0)).ravel())
    unit = (owned @ sparse.diags(1 / np.maximum(norms, 1e-12))).tocsc()
    # Work of each column of the product, which also bounds how many entries it can have.
    work = np.cumsum(owned.T @ np.diff(owned.indptr))
    blocks = np.searchsorted(work, np.arange(BLOCK_WORK, work[-1] + BLOCK_WORK, BLOCK_WORK))
    edges = np.unique(np.concatenate([[0], blocks, [items]]))
    nearest = [_nearest(unit, start, stop, neighbours) for start, stop in pairwise(edges)]
    return sparse.hstack(nearest).tocsc()


def nearest_neighbours(
    cosines: sparse.csc_matrix, count: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The strongest entries of each column, as a table.

    Args:
        cosines: float32 [items, items].
        count: width of the table.

    Returns:
        Rows, int32 [items, count], in rising order, -1 where there are fewer, and their values,
        float32 [items, count].

    Example:

    >>> cosines = sparse.csc_matrix(np.array([[0, 0.5], [0.5, 0]], np.float32))
    >>> nearest_neighbours(cosines, 2)[0].tolist()
    [[-1, 1], [-1, 0]]
    """
    entries = cosines.tocoo()
    order = np.lexsort((entries.row, -entries.data, entries.col))
    column = entries.col[order]
    place = np.arange(len(order)) - np.searchsorted(column, column)
    kept = place < count
    rows = np.full((cosines.shape[1], count), -1, np.int32)
    values = np.zeros((cosines.shape[1], count), np.float32)
    rows[column[kept], place[kept]] = entries.row[order][kept]
    values[column[kept], place[kept]] = entries.data[order][kept]
    rising = np.argsort(rows, axis=1, kind="stable")
    return np.take_along_axis(rows, rising, 1), np.take_along_axis(values, rising, 1)


def _nearest(unit: sparse.csc_matrix, start: int, stop: int, neighbours: int) -> sparse.csc_matrix:
    """float32 [items, stop - start]: the largest cosines of each of these items with the others."""
    product = (unit.T @ unit[:, start:stop]).tocoo()
    other = product.row != product.col + start
    row, column, value = product.row[other], product.col[other], product.data[other]
    order = np.lexsort((row, -value, column))
    row, column, value = row[order], column[order], value[order]
    ends = np.searchsorted(column, np.arange(1, stop - start + 1))
    begins = np.concatenate([[0], ends[:-1]])
    # Equal cosines are kept together, so that the order of the items decides nothing.
    floor = value[np.minimum(begins + neighbours, ends)[column] - 1]
    kept = value >= floor
    return sparse.csc_matrix(
        (value[kept].astype(np.float32), (row[kept], column[kept])),
        shape=(unit.shape[1], stop - start),
    )


def explain_by_history(
    recommended: NDArray[np.float32], history: NDArray[np.float32], count: int = 2
) -> NDArray[np.int64]:
    """The items of a history that are most like each recommended item, by cosine.

    Args:
        recommended: float32 [n, dim], item vectors without their bias.
        history: float32 [m, dim].
        count: how many to name.

    Returns:
        int64 [n, min(count, m)], places in the history, most similar first.

    Example:

    >>> explain_by_history(np.float32([[1, 0]]), np.float32([[0, 1], [2, 0]]), count=1)
    array([[1]])
    """
    likeness = unit_rows(recommended) @ unit_rows(history).T
    return np.argsort(-likeness, axis=1, kind="stable")[:, :count]


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows of float [n, dim], each divided by its length; a row of zeros stays."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
