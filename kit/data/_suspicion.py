"""Users and items of a log that look made up."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.sparse as sparse
from numpy.typing import NDArray

NEAREST = 10
USERS_AT_ONCE = 1_000
# An item is judged by its users together, as if so many ordinary ones had it, too.
PRIOR_USERS = 5
ROUNDS = 5
SHOWN = 5
# Cosine of histories that are nearly the same.
NEARLY_THE_SAME = 0.9


def suspicion(owned: sparse.spmatrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far users stand out, and how far the users of each item do together.

    Whoever makes up users to promote an item fills their histories with other items: drawn at
    random, popular ones, or copied from somebody. So a history stands out, of its length, by items
    that are too rare, too common or too mixed, by items that do not go together or do too well, or
    by others that are nearly the same. One such user may be odd; if most users of an item are, the
    item is suspicious, and with it all of them.

    Args:
        owned: [users, items], not 0 where a user has an item.

    Returns:
        Of each user, float64 [users] from 0 to 2, and of each item, float64 [items] from 0 to 1:
        larger is more suspicious.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> taste = np.arange(40) % 2 == np.arange(300)[:, None] % 2
    >>> owned = taste & (rng.random((300, 40)) < 0.4)
    >>> owned[:12] = owned[12]  # copies of one history
    >>> users, _ = suspicion(sparse.csr_matrix(owned))
    >>> bool(users[:12].mean() > np.quantile(users[13:], 0.8))
    True
    """
    of_users, of_items, _ = _judged(owned)
    return of_users, of_items


def _judged(
    owned: sparse.spmatrix,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """What `suspicion` returns, and the cosine of each history to the nearest other one."""
    owned = _ones(owned)
    counts = np.asarray(owned.sum(axis=0)).ravel()
    near, nearest = _likeness(owned, counts)
    of_users, of_items = [], []
    for signal in _signals(owned, counts, near, nearest):
        odd = _ranks(signal)
        together = np.asarray(owned.T @ (odd - 0.5)).ravel() / (counts + PRIOR_USERS)
        # The most suspicious item of each user; what has no item is not suspicious.
        shifted = owned @ sparse.diags(together + 1)
        worst = np.asarray(shifted.max(axis=1).todense()).ravel()
        of_users.append(odd + _ranks(worst))
        of_items.append(_ranks(together))
    return np.max(of_users, axis=0), np.max(of_items, axis=0), nearest


@dataclass(frozen=True)
class SuspiciousLog:
    """What stands out in a log.

    Args:
        users: `user_id` and `suspicion`, the largest first.
        items: ids of the items whose users stand out most, at most five.
        near_duplicates: number of users whose history is nearly that of another.
    """

    users: pl.DataFrame
    items: Sequence[str]
    near_duplicates: int


def suspicion_of_log(interactions: pl.DataFrame) -> SuspiciousLog:
    """Judge the users and items of a log, see `kit.data.suspicion`.

    Args:
        interactions: with the columns `user_id` and `item_id`.
    """
    pairs = interactions.select(pl.col("user_id", "item_id").cast(pl.String)).unique()
    users, items = pairs["user_id"].unique().sort(), pairs["item_id"].unique().sort()
    places = pairs.select(pl.all().rank("dense").cast(pl.Int64) - 1)
    owned = sparse.csr_matrix(
        (np.ones(len(pairs)), (places["user_id"].to_numpy(), places["item_id"].to_numpy()))
    )
    of_users, of_items, nearest = _judged(owned)
    table = pl.DataFrame({"user_id": users, "suspicion": of_users})
    worst = np.argsort(-of_items, kind="stable")[:SHOWN]
    return SuspiciousLog(
        table.sort("suspicion", "user_id", descending=[True, False]),
        [items[int(n)] for n in worst],
        int((nearest >= NEARLY_THE_SAME).sum()),
    )


def most_suspicious(table: pl.DataFrame, share: float) -> list[str]:
    """Ids of the users that stand out most.

    Args:
        table: `users` of `SuspiciousLog`.
        share: of the users.

    Example:

    >>> most_suspicious(pl.DataFrame({"user_id": ["a", "b"], "suspicion": [1.9, 0.1]}), 0.5)
    ['a']
    """
    return [str(one) for one in table["user_id"][: round(share * len(table))]]


def near_duplicates(owned: sparse.spmatrix, similarity: float = NEARLY_THE_SAME) -> int:
    """Number of users whose history is nearly that of another, by rarity-weighted cosine.

    Example:

    >>> near_duplicates(sparse.csr_matrix([[1, 1, 0], [1, 1, 0], [0, 0, 1]]))
    2
    """
    owned = _ones(owned)
    counts = np.asarray(owned.sum(axis=0)).ravel()
    return int((_likeness(owned, counts)[1] >= similarity).sum())


def _ones(owned: sparse.spmatrix) -> sparse.csr_matrix:
    """A copy that says only what users have."""
    owned = sparse.csr_matrix(owned, dtype=np.float64, copy=True)
    owned.data[:] = 1
    return owned


def _rarity(counts: NDArray[np.float64], users: int) -> NDArray[np.float64]:
    return np.asarray(np.log(max(users, 1) / np.maximum(counts, 1)), np.float64)


def _signals(
    owned: sparse.csr_matrix,
    counts: NDArray[np.float64],
    near: NDArray[np.float64],
    nearest: NDArray[np.float64],
) -> list[NDArray[np.float64]]:
    """How far each user stands out in every way; the last two by what `_likeness` returned."""
    lengths = np.diff(owned.indptr).astype(np.float64)
    rarity = _rarity(counts, owned.shape[0])
    mean = np.asarray(owned @ rarity).ravel() / np.maximum(lengths, 1)
    square = np.asarray(owned @ rarity**2).ravel() / np.maximum(lengths, 1)
    scale = sparse.diags(1 / np.sqrt(np.maximum(counts, 1)))
    likeness = sparse.csr_matrix(scale @ (owned.T @ owned) @ scale)
    pairs = np.asarray((owned @ likeness).multiply(owned).sum(axis=1)).ravel() - lengths
    coherence = pairs / np.maximum(lengths * (lengths - 1), 1)
    mixture = np.sqrt(np.maximum(square - mean**2, 0))
    two_sided = [np.abs(_of_length(x, lengths)) for x in (mean, mixture, coherence)]
    return [*two_sided, _of_length(near, lengths), _of_length(nearest, lengths)]


def _likeness(
    owned: sparse.csr_matrix, counts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosine of each history to the ten nearest others on average, and to the nearest one."""
    weighted = owned @ sparse.diags(_rarity(counts, owned.shape[0]))
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    unit = sparse.csr_matrix(sparse.diags(1 / np.maximum(norms, 1e-9)) @ weighted)
    users, count = owned.shape[0], min(NEAREST, owned.shape[0] - 1)
    near, nearest = np.zeros(users), np.zeros(users)
    if count < 1:
        return near, nearest
    for begin in range(0, users, USERS_AT_ONCE):
        block = (unit[begin : begin + USERS_AT_ONCE] @ unit.T).toarray()
        rows = np.arange(len(block))
        block[rows, rows + begin] = 0
        top = np.partition(block, -count, axis=1)[:, -count:]
        near[begin : begin + len(block)] = top.mean(axis=1)
        nearest[begin : begin + len(block)] = top.max(axis=1)
    return near, nearest


def _of_length(values: NDArray[np.float64], lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values less what is usual of such a length, in usual deviations.

    By a regression on the logarithm that outliers count little in.
    """
    size = np.log(np.maximum(lengths, 1))
    of_level = np.stack([np.ones_like(size), size, size**2], axis=1)
    of_spread = of_level[:, :2]
    weight = np.ones(len(values))
    error = deviation = np.ones(len(values))
    for _ in range(ROUNDS):
        level = np.linalg.lstsq(of_level * weight[:, None], values * weight, rcond=None)[0]
        error = values - of_level @ level
        spread = np.linalg.lstsq(of_spread * weight[:, None], np.abs(error) * weight, rcond=None)[0]
        least = 1e-3 * float(np.abs(error).mean()) + 1e-12
        deviation = np.maximum(of_spread @ spread, least)
        weight = 1 / np.maximum(1, np.abs(error) / deviation)
    return np.asarray(error / deviation, np.float64)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 0 to 1, equal ones where values are."""
    from scipy.stats import rankdata

    return np.asarray((rankdata(values) - 0.5) / len(values), np.float64)
