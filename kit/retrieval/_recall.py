"""Recall of approximate search, and the number of probes for a target recall."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.retrieval._exact import top_k

QUERIES_AT_ONCE = 64
TUNED_AT = 10
TUNING_QUERIES = 1000


class Sample(NamedTuple):
    """Queries float32 [n, dim], their excluded candidates, and exact neighbours int32 [n, k]."""

    queries: NDArray[np.float32]
    excluded: NDArray[np.int32] | None
    neighbours: NDArray[np.int32]


def samples(
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32] | None,
    excluded: NDArray[np.int32] | None,
    seed: int,
) -> tuple[Sample, Sample]:
    """Sample queries to tune an index and others to measure it, with their 10 exact neighbours.

    Args:
        vectors: float32 [candidates, dim].
        queries: float32 [n, dim], of which at most 1,000 are sampled; None for the candidates.
        excluded: int32 [n, m], candidates that each query excludes; negative is padding.
        seed: random seed of the sample.

    Returns:
        The two halves of the sample; the same one twice if there is only one query.

    Example:

    >>> tuning, measuring = samples(np.eye(3, dtype=np.float32), None, None, seed=0)
    >>> len(tuning.queries), len(measuring.queries)
    (2, 1)
    """
    if queries is None:
        queries, excluded = vectors, None
    sampled = np.random.default_rng(seed).permutation(len(queries))[:TUNING_QUERIES]
    k = min(TUNED_AT, len(vectors))

    def sample(rows: NDArray[np.int64]) -> Sample:
        left_out = None if excluded is None else excluded[rows]
        neighbours = exact_neighbours(vectors, queries[rows], k, left_out)
        return Sample(queries[rows], left_out, neighbours)

    return sample(sampled[::2]), sample(sampled[1::2] if len(sampled) > 1 else sampled)


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
        k: number of results, at most the number of candidates.
        excluded: int32 [n, m], candidates to exclude; negative codes are padding.

    Returns:
        int32 [n, k], best first.

    Example:

    >>> exact_neighbours(np.eye(3, dtype=np.float32), np.float32([[1, 2, 3]]), 2)
    array([[2, 1]], dtype=int32)
    """
    neighbours = []
    for begin in range(0, len(queries), QUERIES_AT_ONCE):
        batch = slice(begin, begin + QUERIES_AT_ONCE)
        scores = tf.matmul(queries[batch], vectors, transpose_b=True)
        if excluded is not None:
            row, column = np.nonzero(excluded[batch] >= 0)
            cells = np.stack([row, excluded[batch][row, column]], axis=1)
            lowest = tf.fill([len(cells)], scores.dtype.min)
            scores = tf.tensor_scatter_nd_update(scores, cells, lowest)
        neighbours.append(top_k(scores, k)[1].numpy())
    return np.concatenate(neighbours)


def probes_for(
    recall: float,
    neighbours: NDArray[np.int32],
    lists: NDArray[np.int32],
    nearness: NDArray[np.float32],
) -> int:
    """The smallest number of lists to search that reaches the target recall.

    The target is raised by one standard error, as the queries are a sample.

    Args:
        recall: target recall.
        neighbours: int32 [queries, k], exact neighbours.
        lists: int32 [candidates], the list of each candidate.
        nearness: float32 [queries, lists]; higher lists are searched first.

    Returns:
        The number of probes, from 1 to the number of lists.

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


def recall_of(retrieved: NDArray[np.int32], neighbours: NDArray[np.int32]) -> float:
    """Recall: share of the exact neighbours [n, k] that are among the retrieved [n, m]."""
    hits = [len(np.intersect1d(*row)) for row in zip(retrieved, neighbours, strict=True)]
    return float(np.mean(hits) / neighbours.shape[1])
