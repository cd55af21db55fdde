"""Matrix factorization of implicit feedback by alternating least squares."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

# Of the vectors and matrices of a batch, 64 MB each.
NUMBERS_AT_ONCE = 2**24


@dataclass(frozen=True)
class FactorizationSettings:
    """Settings of `implicit_als`.

    Args:
        dim: width of the vectors.
        l2: weight of the squared norm of a vector, for each interaction of its user or item and
            for each cell that counts as unobserved.
        unobserved: weight of a cell without an interaction; a cell with one has 1.
        epochs: number of times that all vectors are solved for.
        half_life: days after which an interaction counts half as much; None or 0 counts all alike.
            It is for the caller to weight them so.

    Example:

    >>> FactorizationSettings(dim=8).unobserved
    0.3
    """

    dim: int = 64
    l2: float = 0.01
    unobserved: float = 0.3
    epochs: int = 8
    half_life: float | None = None


def implicit_als(
    owned: sparse.csr_matrix, settings: FactorizationSettings, *, seed: int = 0
) -> NDArray[np.float32]:
    """Vectors of items whose products with those of users are near 1 where they interacted, else 0.

    The loss is the weighted squared error over all cells plus the penalty on the norms. Vectors of
    users follow from those of items in closed form, and the other way round, in turns.

    Args:
        owned: float32 [users, items], the weight of each interaction, 0 where there is none.
        settings: of the factorization.
        seed: of the initial vectors.

    Returns:
        float32 [items, dim]. The vector of a user is `fold_in` of these.

    Source: Hu, Koren and Volinsky (2008), Collaborative filtering for implicit feedback datasets;
    weights and penalty as in Rendle et al. (2022), Revisiting the performance of iALS on item
    recommendation benchmarks.

    Example:

    >>> owned = sparse.csr_matrix(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]], np.float32))
    >>> items = implicit_als(owned, FactorizationSettings(dim=2))
    >>> scores = fold_in(items, sparse.csr_matrix(np.float32([[1, 0, 0, 0]])), 0.01, 0.1) @ items.T
    >>> scores.argsort(axis=1)[:, -2:].tolist()
    [[1, 0]]
    """
    shape = (owned.shape[1], settings.dim)
    deviation = 0.1 / np.sqrt(settings.dim)
    items = np.random.default_rng(seed).normal(scale=deviation, size=shape).astype(np.float32)
    by_item = owned.T.tocsr()
    for _ in range(settings.epochs):
        users = fold_in(items, owned, settings.l2, settings.unobserved)
        items = fold_in(users, by_item, settings.l2, settings.unobserved)
    return items


def fold_in(
    vectors: NDArray[np.float32], owned: sparse.csr_matrix, l2: float, unobserved: float
) -> NDArray[np.float32]:
    """Vectors of users in closed form, given those of items, or the other way round.

    Args:
        vectors: float32 [items, dim].
        owned: float32 [users, items], the weight of each interaction, 0 where there is none.
        l2: see `FactorizationSettings`.
        unobserved: see `FactorizationSettings`.

    Returns:
        float32 [users, dim].
    """
    # In the basis of the eigenvectors all that users have in common is a diagonal.
    spread, basis = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))
    common, rotated = unobserved * np.maximum(spread, 0), (vectors @ basis).astype(np.float32)
    lengths = np.diff(owned.indptr)
    penalty = l2 * (lengths + unobserved * len(vectors))
    result = np.zeros((len(lengths), vectors.shape[1]), np.float32)
    dim = vectors.shape[1]
    order = np.argsort(lengths, kind="stable")
    start = int(np.count_nonzero(lengths == 0))
    while start < len(order):
        # Users of similar length share a batch, so that there is little padding.
        width = int(lengths[order[start]])
        widest = max(width + width // 4, 4)
        room = NUMBERS_AT_ONCE // max(widest * dim, min(widest, dim) ** 2)
        stop = start + max(1, min(room, int(np.sum(lengths[order[start:]] <= widest))))
        rows = order[start:stop]
        result[rows] = _solved(rotated, owned, rows, common + penalty[rows][:, None])
        start = stop
    return np.asarray(result @ basis.T, np.float32)


def _solved(
    vectors: NDArray[np.float32],
    owned: sparse.csr_matrix,
    rows: NDArray[np.integer],
    diagonal: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Solve (diagonal + sum of w v v') x = sum of w v for each row, by the smaller of two systems.

    With V the vectors times the roots of their weights w, x = D^-1 V'(I + V D^-1 V')^-1 sqrt(w).
    """
    begin, lengths = owned.indptr[rows], np.diff(owned.indptr)[rows]
    column = np.arange(lengths.max())
    filled = column < lengths[:, None]
    places = np.where(filled, begin[:, None] + column, 0)
    roots = np.where(filled, np.sqrt(owned.data[places]), 0).astype(np.float32)
    own = vectors[owned.indices[places]] * roots[..., None]
    across = own.transpose(0, 2, 1)
    diagonal = diagonal.astype(np.float32)
    if len(column) < vectors.shape[1]:
        kernel = (own / diagonal[:, None]) @ across
        kernel[:, column, column] += 1
        solved = across @ np.linalg.solve(kernel, roots[..., None])
        return np.asarray(solved[..., 0] / diagonal)
    gram = across @ own
    place = np.arange(vectors.shape[1])
    gram[:, place, place] += diagonal
    return np.asarray(np.linalg.solve(gram, across @ roots[..., None])[..., 0])
