"""Ranking metrics, one list per user."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kit.metrics._checks import binary, check_finite


def ranking_metrics(
    hits: NDArray[np.bool_], relevant: NDArray[np.integer], ks: Sequence[int]
) -> dict[str, NDArray[np.float64]]:
    """NDCG, Recall, MRR, Hit and MAP of every user at every cutoff.

    With `r_i` = 1 where the i-th recommendation is relevant and `n` the number of relevant items:
    NDCG@k divides `sum r_i / log2(i + 1)` by its value for min(k, n) leading hits; Recall@k is
    `sum r_i / n`; MRR@k the reciprocal rank of the first hit; Hit@k whether there is one; MAP@k the
    mean over users of `sum r_i * precision@i / min(k, n)`.

    Args:
        hits: bool [users, depth], whether the i-th recommendation is relevant, best first.
        relevant: int [users], number of relevant items of each user, at least one.
        ks: cutoffs, each from 1 to the depth.

    Returns:
        Metric name, such as `"NDCG@10"`, to float64 [users].

    Raises:
        ValueError: a cutoff is below one or above the depth, a hit is neither 0 nor 1, or a user
            has no relevant item or fewer than hits.

    Source: Järvelin and Kekäläinen (2002), Cumulated gain-based evaluation of IR techniques;
    Manning, Raghavan and Schütze (2008), Introduction to Information Retrieval, chapter 8.

    Example:

    >>> import numpy as np
    >>> metrics = ranking_metrics(np.array([[False, True]]), np.array([1]), ks=[2])
    >>> {name: round(float(value[0]), 4) for name, value in metrics.items()}
    {'NDCG@2': 0.6309, 'Recall@2': 1.0, 'MRR@2': 0.5, 'Hit@2': 1.0, 'MAP@2': 0.5}
    """
    hits, relevant = binary(hits) > 0, check_finite(relevant, "relevant items")
    depth = hits.shape[1]
    if min(ks) < 1 or max(ks) > depth:
        raise ValueError(f"Cuts must lie between 1 and the list's depth {depth}; got {list(ks)}.")
    if len(relevant) and relevant.min() < 1:
        raise ValueError("Every user needs at least one relevant item; leave the others out.")
    if (hits.sum(axis=1) > relevant).any():
        raise ValueError("A user has more hits than relevant items; does an item stand twice?")
    ranks = np.arange(1, depth + 1)
    discounts = 1 / np.log2(ranks + 1)
    gains = np.cumsum(hits * discounts, axis=1)
    ideal = np.cumsum(discounts)
    counts = np.cumsum(hits, axis=1)
    precisions = np.cumsum(hits * counts / ranks, axis=1)
    first = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, np.inf)
    metrics = {}
    for k in ks:
        reachable = np.minimum(relevant, k)
        metrics[f"NDCG@{k}"] = gains[:, k - 1] / ideal[reachable - 1]
        metrics[f"Recall@{k}"] = counts[:, k - 1] / relevant
        metrics[f"MRR@{k}"] = np.where(first <= k, 1 / first, 0.0)
        metrics[f"Hit@{k}"] = (first <= k).astype(np.float64)
        metrics[f"MAP@{k}"] = precisions[:, k - 1] / reachable
    return metrics
