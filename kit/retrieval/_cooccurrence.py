"""Item co-occurrence, and explanations of recommendations by a user's history."""

from itertools import pairwise

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

BLOCK_WORK = 2**25


def item_cooccurrence(owned: sparse.csr_matrix, neighbours: int) -> sparse.csc_matrix:
    """Item-item cosine similarities by common users, restricted to nearest neighbours.

    Args:
        owned: float32 [users, items], 1 where a user has interacted with an item, else 0.
        neighbours: number of neighbours of each item; more if there are ties.

    Returns:
        float32 [items, items], sparse; each column holds the neighbours of its item.

    Source: Deshpande and Karypis (2004), Item-based top-N recommendation algorithms.

    Example:

    >>> owned = sparse.csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1]], np.float32))
    >>> (item_cooccurrence(owned, neighbours=1).toarray().sum(axis=1) > 0).tolist()
    [True, True, False]
    """
    items = owned.shape[1]
    norms = np.sqrt(np.asarray(owned.sum(axis=0)).ravel())
    unit = (owned @ sparse.diags(1 / np.maximum(norms, 1e-12))).tocsc()
    # Cost of each column of the product, an upper bound of its number of entries.
    work = np.cumsum(owned.T @ np.diff(owned.indptr))
    blocks = np.searchsorted(work, np.arange(BLOCK_WORK, work[-1] + BLOCK_WORK, BLOCK_WORK))
    edges = np.unique(np.concatenate([[0], blocks, [items]]))
    nearest = [_nearest(unit, start, stop, neighbours) for start, stop in pairwise(edges)]
    return sparse.hstack(nearest).tocsc()


def nearest_neighbours(
    cosines: sparse.csc_matrix, count: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The largest entries of each column, as dense arrays.

    Args:
        cosines: float32 [items, items], sparse.
        count: number of entries per column.

    Returns:
        Row numbers, int32 [items, count], ascending, with -1 as padding, and their values, float32
        [items, count].

    Example:

    >>> cosines = sparse.csc_matrix(np.array([[0, 0.5], [0.5, 0]], np.float32))
    >>> nearest_neighbours(cosines, 2)[0].tolist()
    [[-1, 1], [-1, 0]]
    """
    entries = cosines.tocoo()
    order = np.lexsort((entries.row, -entries.data, entries.col))
    column = entries.col[order]
    rank = np.arange(len(order)) - np.searchsorted(column, column)
    largest = rank < count
    rows = np.full((cosines.shape[1], count), -1, np.int32)
    values = np.zeros((cosines.shape[1], count), np.float32)
    rows[column[largest], rank[largest]] = entries.row[order][largest]
    values[column[largest], rank[largest]] = entries.data[order][largest]
    ascending = np.argsort(rows, axis=1, kind="stable")
    return np.take_along_axis(rows, ascending, 1), np.take_along_axis(values, ascending, 1)


def _nearest(unit: sparse.csc_matrix, start: int, stop: int, neighbours: int) -> sparse.csc_matrix:
    """The largest cosines of the items start to stop with all others: [items, stop - start]."""
    product = (unit.T @ unit[:, start:stop]).tocoo()
    other = product.row != product.col + start
    row, column, value = product.row[other], product.col[other], product.data[other]
    order = np.lexsort((row, -value, column))
    row, column, value = row[order], column[order], value[order]
    ends = np.searchsorted(column, np.arange(1, stop - start + 1))
    begins = np.concatenate([[0], ends[:-1]])
    # Ties are kept, so that the result does not depend on the order of the items.
    floor = value[np.minimum(begins + neighbours, ends)[column] - 1]
    is_near = value >= floor
    return sparse.csc_matrix(
        (value[is_near].astype(np.float32), (row[is_near], column[is_near])),
        shape=(unit.shape[1], stop - start),
    )


def explain_by_history(
    recommended: NDArray[np.float32], history: NDArray[np.float32], count: int = 2
) -> NDArray[np.int64]:
    """The items of a history that are most similar to each recommended item, by cosine.

    Args:
        recommended: float32 [n, dim], item vectors without bias.
        history: float32 [m, dim], vectors of the items of the history, without bias.
        count: number of items per recommendation.

    Returns:
        int64 [n, min(count, m)], indices into the history, most similar first.

    Example:

    >>> explain_by_history(np.float32([[1, 0]]), np.float32([[0, 1], [2, 0]]), count=1)
    array([[1]])
    """
    similarity = unit_rows(recommended) @ unit_rows(history).T
    return np.argsort(-similarity, axis=1, kind="stable")[:, :count]


def most_positive(contributions: NDArray[np.float32], count: int = 2) -> list[list[int]]:
    """The places of the largest contributions of each row, largest first; only positive ones.

    Example:

    >>> most_positive(np.float32([[0.1, -1, 2], [-1, 0, 0]]))
    [[2, 0], []]
    """
    order = np.argsort(-contributions, axis=1, kind="stable")[:, :count]
    return [
        [int(place) for place in places if row[place] > 0]
        for row, places in zip(contributions, order, strict=True)
    ]


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normalize the rows of float [n, dim] to unit length; rows of zeros stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
