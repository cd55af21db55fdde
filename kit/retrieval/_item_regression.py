"""Item-to-item regression: how much each item of a history speaks for every other item."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import scipy.linalg
import scipy.sparse as sparse
from numpy.typing import NDArray

from kit.retrieval._cooccurrence import item_cooccurrence, nearest_neighbours

# Up to this size the weights of all pairs are solved for; above, those of near items.
ALL_PAIRS_UP_TO = 4096
NEIGHBOURS = 100
# Up to this size the items x items matrix of counts is dense.
DENSE_UP_TO = 20_000
NUMBERS_AT_ONCE = 2**24
MIRRORED_ROWS = 512

ItemWeights: TypeAlias = NDArray[np.float32] | sparse.csr_matrix
"""float32 [items, items], by item of the history and item to score; the diagonal is 0."""


def packed(weights: ItemWeights) -> dict[str, NDArray[np.generic]]:
    """The arrays that weights are stored as, read by `unpacked`.

    Args:
        weights: float32 [items, items].

    Returns:
        "weights" float32 [items, items], or of sparse rows "offsets" int64 [items + 1], "targets"
        int32 [entries] and "weights" float32 [entries].

    Example:

    >>> sorted(packed(sparse.csr_matrix(np.eye(2, dtype=np.float32))))
    ['offsets', 'targets', 'weights']
    """
    if isinstance(weights, np.ndarray):
        return {"weights": np.asarray(weights, np.float32)}
    rows = sparse.csr_matrix(weights)
    return {
        "offsets": rows.indptr.astype(np.int64),
        "targets": rows.indices.astype(np.int32),
        "weights": rows.data.astype(np.float32),
    }


def unpacked(arrays: Mapping[str, NDArray[np.generic]]) -> ItemWeights:
    """The weights of `packed` arrays, which may have unused entries at their ends.

    Example:

    >>> unpacked(packed(sparse.csr_matrix(np.eye(2, dtype=np.float32)))).toarray().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    weights = np.asarray(arrays["weights"], np.float32)
    if "offsets" not in arrays:
        return weights
    offsets = np.asarray(arrays["offsets"])
    used, items = slice(0, offsets[-1]), len(offsets) - 1
    rows = (weights[used], np.asarray(arrays["targets"])[used], offsets)
    return sparse.csr_matrix(rows, shape=(items, items))


def item_regression(
    owned: sparse.csr_matrix,
    *,
    l2: float = 250.0,
    dropout: float = 0.0,
    near: NDArray[np.int32] | None = None,
) -> ItemWeights:
    """Regress each item on the others, in closed form.

    The score of an item is the sum of its weights over the items of a history. A penalty on the
    square of each weight keeps it small; dropout of the history's items, which in expectation is a
    penalty too, shrinks those of frequent items more. Where every item is regressed on all others,
    this is EASE. On a few near items only, the cost grows with the number of items instead of its
    cube.

    Args:
        owned: float32 [users, items], the importance of each interaction, 0 where there is none.
        l2: weight of the squared norm.
        dropout: rate at which items are dropped from histories, below 1.
        near: int32 [items, n], the items that each item is regressed on, -1 as padding, see
            `near_items`; None is all others.

    Returns:
        float32 [items, items]: dense if all pairs have a weight, else sparse.

    Source: Steck (2019), Embarrassingly shallow autoencoders for sparse data; dropout as in Steck
    (2020), Autoencoders that don't overfit towards the identity; a regression on neighbours only as
    in Ning and Karypis (2011), SLIM.

    Example:

    >>> owned = sparse.csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], np.float32))
    >>> (item_regression(owned, l2=1.0) > 0).tolist()
    [[False, True, False], [True, False, False], [False, False, False]]
    """
    counts = (owned.T @ owned).tocsr()
    penalty = l2 + dropout / (1 - dropout) * counts.diagonal()
    return _on_all_others(counts, penalty) if near is None else _on_near(counts, penalty, near)


def votes(owned: sparse.csr_matrix, weights: ItemWeights) -> NDArray[np.float32]:
    """What the items of histories add to the scores of all items, float32 [users, items].

    Args:
        owned: float32 [users, items], 1 where a history has the item, else 0.
        weights: float32 [items, items].
    """
    sums = owned @ weights
    return np.asarray(sums.toarray() if sparse.issparse(sums) else sums, np.float32)


def num_near(items: int, neighbours: int | None = None) -> int | None:
    """Number of near items that each of so many items is regressed on; None is all others.

    Args:
        items: size of the catalogue.
        neighbours: number that was asked for; None is all others up to 4,096 items, else 100.

    Example:

    >>> num_near(1_000), num_near(1_000, 50), num_near(100_000)
    (None, 50, 100)
    """
    if neighbours is None:
        neighbours = items if items <= ALL_PAIRS_UP_TO else NEIGHBOURS
    return None if neighbours >= items - 1 else neighbours


def near_items(owned: sparse.csr_matrix, count: int | None = None) -> NDArray[np.int32] | None:
    """The nearest other items of each item by cosine, for `item_regression`.

    Args:
        owned: float32 [users, items], 1 where a user has interacted with an item, else 0.
        count: number of near items; None is all others up to 4,096 items, else 100.

    Returns:
        int32 [items, count], -1 as padding; None if these are all others.

    Example:

    >>> owned = sparse.csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1]], np.float32))
    >>> near_items(owned, 1).tolist()
    [[1], [0], [1]]
    """
    count = num_near(owned.shape[1], count)
    if count is None:
        return None
    return nearest_neighbours(item_cooccurrence(owned, count), count)[0]


def _on_all_others(counts: sparse.csr_matrix, penalty: NDArray[np.floating]) -> ItemWeights:
    matrix = counts.toarray().astype(np.float64)
    matrix[np.diag_indices_from(matrix)] += penalty
    inverse = positive_definite_inverse(matrix)
    inverse /= -np.diag(inverse)
    np.fill_diagonal(inverse, 0)
    return inverse.astype(np.float32)


def positive_definite_inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of a symmetric positive definite matrix, float64 [n, n], which is overwritten.

    By the Cholesky factor, in half the time of that of any matrix.
    """
    # Of arrays in Fortran's order, no copies are made. Only the lower triangle is computed.
    factor, _ = scipy.linalg.lapack.dpotrf(matrix.T, lower=True, overwrite_a=True)
    inverse, _ = scipy.linalg.lapack.dpotri(factor, lower=True, overwrite_c=True)
    inverse = inverse.T
    for start in range(0, len(inverse), MIRRORED_ROWS):
        stop = start + MIRRORED_ROWS
        inverse[stop:, start:stop] = inverse[start:stop, stop:].T
        block = np.triu(inverse[start:stop, start:stop])
        inverse[start:stop, start:stop] = block + np.triu(block, 1).T
    return np.asarray(inverse)


def _on_near(
    counts: sparse.csr_matrix, penalty: NDArray[np.floating], near: NDArray[np.int32]
) -> sparse.csr_matrix:
    items, width = near.shape
    table = counts.toarray() if items <= DENSE_UP_TO else counts
    place = np.arange(width)
    rows, columns, weights = [], [], []
    size = max(1, NUMBERS_AT_ONCE // width**2)
    for start in range(0, items, size):
        block = near[start : start + size]
        is_item = block >= 0
        codes = np.maximum(block, 0)
        own = np.arange(start, start + len(block))[:, None]
        among = _entries(table, codes[:, :, None], codes[:, None, :])
        among *= is_item[:, :, None] & is_item[:, None, :]
        among[:, place, place] += np.where(is_item, penalty[codes], 1)
        with_own = _entries(table, codes, own) * is_item
        solved = np.linalg.solve(among, with_own[..., None])[..., 0]
        rows.append(block[is_item])
        columns.append(np.broadcast_to(own, block.shape)[is_item])
        weights.append(solved[is_item].astype(np.float32))
    return sparse.csr_matrix(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))),
        shape=(items, items),
    )


def _entries(
    table: NDArray[np.float32] | sparse.csr_matrix,
    rows: NDArray[np.integer],
    columns: NDArray[np.integer],
) -> NDArray[np.float32]:
    rows, columns = np.broadcast_arrays(rows, columns)
    if sparse.issparse(table):
        found = np.asarray(table[rows.ravel(), columns.ravel()]).reshape(rows.shape)
    else:
        found = table[rows, columns]
    return np.array(found, np.float32)
