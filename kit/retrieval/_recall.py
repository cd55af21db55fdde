"""How much of the exact answer a search finds, and how many lists that takes."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.retrieval._exact import top_k

QUERIES_AT_ONCE = 64
TUNED_AT = 10
TUNING_QUERIES = 1000


class Sample(NamedTuple):
    """Queries float32 [n, dim], what each leaves out, and its exact neighbours int32 [n, k]."""

    queries: NDArray[np.float32]
    excluded: NDArray[np.int32] | None
    neighbours: NDArray[np.int32]


def samples(
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32] | None,
    excluded: NDArray[np.int32] | None,
    seed: int,
) -> tuple[Sample, Sample]:
    """Queries to tune an index with, and others to measure it with, with their 10 neighbours.

    Args:
        vectors: float32 [candidates, dim].
        queries: float32 [n, dim], of which at most 1,000 are drawn; None for the candidates.
        excluded: int32 [n, m], what each query leaves out; negative is padding.
        seed: of the draw.

    Returns:
        Two halves; the same one twice where there is but one query.

    Example:

    >>> tuning, measuring = samples(np.eye(3, dtype=np.float32), None, None, seed=0)
    >>> len(tuning.queries), len(measuring.queries)
    (2, 1)
    """
    if queries is None:
        queries, excluded = vectors, None
    drawn = np.random.default_rng(seed).permutation(len(queries))[:TUNING_QUERIES]
    k = min(TUNED_AT, len(vectors))

    def sample(rows: NDArray[np.int64]) -> Sample:
        left_out = None if excluded is None else excluded[rows]
        neighbours = exact_neighbours(vectors, queries[rows], k, left_out)
        return Sample(queries[rows], left_out, neighbours)

    return sample(drawn[::2]), sample(drawn[1::2] if len(drawn) > 1 else drawn)


def exact_neighbours(
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    k: int,
    excluded: NDArray[np.int32] | None = None,
) -> NDArray[np.int32]:
    """The k best candidates of each query by dot product.

    Args:
        vectors: float32 [candidates, dim].
        queries: float32 [n, dim].
        k: at most the number of candidates.
        excluded: int32 [n, m], candidates to leave out; negative is padding.

    Returns:
        int32 [n, k], best first.

    Example:

    >>> exact_neighbours(np.eye(3, dtype=np.float32), np.float32([[1, 2, 3]]), 2)
    array([[2, 1]], dtype=int32)
    """
    found = []
    for begin in range(0, len(queries), QUERIES_AT_ONCE):
        batch = slice(begin, begin + QUERIES_AT_ONCE)
        scores = tf.matmul(queries[batch], vectors, transpose_b=True)
        if excluded is not None:
            row, place = np.nonzero(excluded[batch] >= 0)
            cells = np.stack([row, excluded[batch][row, place]], axis=1)
            lowest = tf.fill([len(cells)], scores.dtype.min)
            scores = tf.tensor_scatter_nd_update(scores, cells, lowest)
        found.append(top_k(scores, k)[1].numpy())
    return np.concatenate(found)


def probes_for(
    recall: float,
    neighbours: NDArray[np.int32],
    lists: NDArray[np.int32],
    nearness: NDArray[np.float32],
) -> int:
    """The fewest lists to search so that the wanted share of neighbours lies in them.

    One standard error is added to the wanted share, as the queries are a sample.

    Args:
        recall: the wanted share.
        neighbours: int32 [queries, k].
        lists: int32 [candidates], the list of each.
        nearness: float32 [queries, lists], higher is searched first.

    Returns:
        1 to the number of lists.

    Example:

    >>> nearness = np.float32([[3, 2, 1]])
    >>> probes_for(0.9, np.array([[0, 1]]), np.array([0, 1, 2]), nearness)
    2
    """
    order = np.argsort(-nearness, axis=1)
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(order.shape[1])[None], axis=1)
    rank_of_neighbour = np.sort(np.take_along_axis(rank, lists[neighbours], axis=1))
    for probes in range(1, order.shape[1]):
        share = (rank_of_neighbour < probes).mean(axis=1)
        if share.mean() - share.std() / np.sqrt(len(share)) >= recall:
            return probes
    return len(order[0])


def recall_of(found: NDArray[np.int32], neighbours: NDArray[np.int32]) -> float:
    """Share of the neighbours [n, k] that stand among the found [n, m]."""
    hits = [len(np.intersect1d(*row)) for row in zip(found, neighbours, strict=True)]
    return float(np.mean(hits) / neighbours.shape[1])
