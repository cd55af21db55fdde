"""Pairs of items that are in one basket more often than by chance."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.errors import UserError

# Items in the most baskets are compared with each other; a pair counts if so many baskets, such a
# share of them, and so many users have it.
MOST_ITEMS, FEWEST_BASKETS, LEAST_SHARE, FEWEST_USERS = 2000, 10, 0.001, 5
# With fewer baskets of several items, the rows of one day are a basket, and then those of a user.
LEAST_SEVERAL = 0.1
RATE, SMALLEST = 0.05, 1e-16


@dataclass(frozen=True)
class BasketPairs:
    """Pairs of items by how much more often they are in one basket than by chance.

    Args:
        table: a row for each pair that is above chance, the largest lift first: `item`, `other`,
            `baskets` with both, `users` who have such a basket, `lift`: baskets with both over
            those expected of independent items, and `p`, of the exact test.
        basket: what a basket is, in words.
        baskets: their number.
        items: number of items that were compared, those in the most baskets.
        of_items: number of items in the log.
        tested: number of pairs of these.
        fewest: baskets that a pair needs.
        size_lift: mean lift of any two items that comes from baskets of different sizes alone: in a
            large one, everything meets.
    """

    table: pl.DataFrame
    basket: str
    baskets: int
    items: int
    of_items: int
    tested: int
    fewest: int
    size_lift: float


def basket_pairs(interactions: pl.DataFrame, *, most_items: int = MOST_ITEMS) -> BasketPairs:
    """Pairs of items that share baskets beyond chance, at a false discovery rate of 5 %.

    A basket is what a user has at one time, or on one day if next to no basket has several items,
    or at all, if the log has no times. Whether a pair is above chance is tested exactly, given how
    many baskets each item is in. All pairs of the items that are compared count as tested: these
    are chosen by how many baskets each is in, which says nothing about pairs.

    Args:
        interactions: user_id, item_id and maybe time, such as those of a `Source`.
        most_items: items to compare.

    Raises:
        UserError: no basket has two items.

    Source: Fisher (1935), The Logic of Inductive Inference; Benjamini and Hochberg (1995),
    Controlling the False Discovery Rate.

    Example:

    >>> users = [f"u{n}" for n in range(200)]
    >>> both = [(user, item) for user in users[:60] for item in ("tea", "milk")]
    >>> single = [(user, "salt") for user in users[60:]]
    >>> log = pl.DataFrame([*both, *single], schema=["user_id", "item_id"], orient="row")
    >>> basket_pairs(log).table.select("item", "other", "baskets").rows()
    [('milk', 'tea', 60)]
    """
    import scipy.sparse as sp

    rows, what = _baskets(interactions)
    basket, item = rows["basket"].to_numpy(), rows["item"].to_numpy()
    baskets, of_items = int(basket.max()) + 1, int(item.max()) + 1
    counts = np.bincount(item, minlength=of_items)
    fewest = max(FEWEST_BASKETS, int(np.ceil(LEAST_SHARE * baskets)))
    order = np.argsort(-counts, kind="stable")[:most_items]
    kept = order[counts[order] >= fewest]
    code = np.full(of_items, -1)
    code[kept] = np.arange(len(kept))
    some = code[item] >= 0
    shape = (baskets, len(kept))
    has = sp.csc_array(
        (np.ones(int(some.sum()), np.int32), (basket[some], code[item[some]])), shape=shape
    )
    together = sp.triu(has.T @ has, k=1).tocoo()
    first, second, both = together.row, together.col, together.data.astype(np.int64)
    size = counts[kept]
    lift = both * baskets / (size[first].astype(np.float64) * size[second])
    # Other pairs were tested too, and are not above chance: their p counts as 1.
    shown = (both >= fewest) & (lift > 1)
    first, second, both, lift = (x[shown] for x in (first, second, both, lift))
    p = _upper_tail(both, size[first], size[second], baskets)
    tested = len(kept) * (len(kept) - 1) // 2
    found = _discoveries(p, tested)
    owner = np.zeros(baskets, np.int64)
    owner[basket] = rows["user"].to_numpy()
    best = np.flatnonzero(found)
    best = best[np.argsort(-lift[best], kind="stable")]
    users = np.array([_users(has, owner, first[n], second[n]) for n in best], np.int64)
    best, users = best[users >= FEWEST_USERS], users[users >= FEWEST_USERS]
    ids = rows.group_by("item").agg(pl.col("item_id").first()).sort("item")["item_id"]
    table = pl.DataFrame(
        {
            "item": ids.gather(kept[first[best]]),
            "other": ids.gather(kept[second[best]]),
            "baskets": both[best],
            "users": users,
            "lift": lift[best],
            "p": p[best],
        }
    )
    sizes = np.bincount(basket).astype(np.float64)
    size_lift = baskets * float((sizes * (sizes - 1)).sum()) / len(basket) ** 2
    return BasketPairs(
        table, what, baskets, len(kept), of_items, tested, fewest, max(size_lift, 1.0)
    )


def _baskets(interactions: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """Distinct rows of codes of baskets, users and items; and what a basket is."""
    rows = interactions.select(pl.col("user_id", "item_id").cast(pl.String), pl.col("^time$"))
    ways = [(["user_id"], "all items of one user")]
    if "time" in rows.columns:
        rows = rows.with_columns(day=pl.col("time") // 86_400)
        ways = [
            (["user_id", "time"], "what one user has at one time"),
            (["user_id", "day"], "what one user has on one day"),
            *ways,
        ]
    for key, what in ways:
        found = rows.select(
            basket=pl.struct(key).rank("dense").cast(pl.Int64) - 1,
            user=pl.col("user_id").rank("dense").cast(pl.Int64) - 1,
            item=pl.col("item_id").rank("dense").cast(pl.Int64) - 1,
            item_id=pl.col("item_id"),
        ).unique(["basket", "item"], maintain_order=True)
        sizes = np.bincount(found["basket"].to_numpy())
        if (sizes > 1).mean() >= LEAST_SEVERAL:
            return found, what
    if (sizes > 1).any():
        return found, what
    raise UserError(
        "No basket has two items.",
        where="the log of interactions",
        expected="users with several items",
    )


def _users(has: Any, owner: NDArray[np.int64], first: int, second: int) -> int:
    """How many users have a basket with both items."""
    one, other = (has.indices[slice(*has.indptr[[n, n + 1]])] for n in (first, second))
    return len(np.unique(owner[np.intersect1d(one, other, assume_unique=True)]))


def _upper_tail(
    both: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64], total: int
) -> NDArray[np.float64]:
    """Probabilities that two independent items share so many baskets or more, float64 [pairs].

    Sums of the hypergeometric distribution, term by term for all pairs at once. Above the mean, as
    these are, each term is smaller than the one before.
    """
    from scipy.special import gammaln

    def choose(n: NDArray[np.int64] | int, k: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))

    log = choose(first, both) + choose(total - first, second - both) - choose(total, second)
    ratio, term = np.ones(len(both)), np.ones(len(both))
    active, at = np.arange(len(both)), both.astype(np.float64)
    while len(active):
        one, other, k = first[active], second[active], at[active]
        term[active] *= (one - k) * (other - k) / ((k + 1) * (total - one - other + k + 1))
        at[active] += 1
        ratio[active] += term[active]
        active = active[term[active] > SMALLEST * ratio[active]]
    return np.asarray(np.minimum(np.exp(log) * ratio, 1.0))


def _discoveries(p: NDArray[np.float64], tested: int) -> NDArray[np.bool_]:
    """Which of the p are discoveries at `RATE`, if all others of those tested are 1."""
    order = np.argsort(p, kind="stable")
    below = p[order] <= RATE * np.arange(1, len(p) + 1) / max(tested, 1)
    found = np.zeros(len(p), np.bool_)
    found[order[: len(p) - int(np.argmax(below[::-1]))] if below.any() else []] = True
    return found
