"""Made-up users who promote an item, to try a recommender with."""

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

FAKE_KINDS = ("random", "popular", "average", "mixed", "copied")
"""How the histories of made-up users are filled."""
MOST_POPULAR = 100
SHORTEST = 4


def fake_profiles(
    owned: sparse.spmatrix, kind: str, count: int, item: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Histories of made-up users who promote an item.

    Args:
        owned: [users, items], of real users.
        kind: how they are filled, up to the median length: "random" items, "popular" ones of the
            top 100, "average" by popularity, "mixed" half random and half popular, or "copied"
            from real users, of any length.
        count: number of users.
        item: what they promote.
        rng: draws them.

    Returns:
        Item codes of each, without repetition, the promoted one among them.

    Source: Lam and Riedl (2004), Shilling recommender systems for fun and profit; "popular" is the
    bandwagon attack of Mobasher et al. (2007), Toward trustworthy recommender systems.

    Example:

    >>> owned = sparse.csr_matrix(np.tri(6))
    >>> found = fake_profiles(owned, "copied", 2, 5, np.random.default_rng(0))
    >>> [5 in profile for profile in found]
    [True, True]
    """
    if kind not in FAKE_KINDS:
        raise ValueError(f"Unknown kind of profiles {kind!r}: one of {', '.join(FAKE_KINDS)}.")
    owned = sparse.csr_matrix(owned)
    items, lengths = owned.shape[1], np.diff(owned.indptr)
    popularity = np.asarray((owned > 0).sum(axis=0)).ravel()
    length = min(max(int(np.median(lengths)), SHORTEST), items)
    top = np.argsort(-popularity, kind="stable")[: max(MOST_POPULAR, length)]
    long = np.flatnonzero(lengths >= min(SHORTEST, lengths.max()))

    def profile() -> NDArray[np.int64]:
        if kind == "copied":
            row = int(rng.choice(long))
            own = owned.indices[owned.indptr[row] : owned.indptr[row + 1]]
            return np.asarray(own, np.int64)
        if kind == "average":
            some = min(length, int((popularity > 0).sum()))
            shares = popularity / popularity.sum()
            return np.asarray(rng.choice(items, some, replace=False, p=shares), np.int64)
        popular = {"random": 0, "popular": length, "mixed": length - length // 2}[kind]
        drawn = rng.choice(items, length - popular, replace=False)
        common = rng.choice(top, min(popular, len(top)), replace=False)
        return np.asarray(np.concatenate([drawn, common]), np.int64)

    return [np.unique(np.append(profile(), item)).astype(np.int64) for _ in range(count)]
