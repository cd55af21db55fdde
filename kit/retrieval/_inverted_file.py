"""Approximate search: only the candidates in the lists nearest to a query are scored."""

from typing import Any, Literal

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.retrieval._exact import BLOCK, top_k, without
from kit.retrieval._lists import balanced_lists, list_scores
from kit.retrieval._recall import probes_for, recall_of, samples

SLACK = 1.15
RESCORED = 4
FEWEST_A_LIST = 64
# Penalty of padded columns, far below every score; it must be representable in bfloat16.
FAR = 1e30


class InvertedFile(tf.Module):
    """Inverted file: approximate search by dot product in the lists nearest to a query.

    K-means partitions the candidates into lists of about equal length. A search scores the
    centroids of the lists, then every candidate in the `probes` nearest lists. The number of probes
    is tuned when the index is built, on queries whose exact neighbours are computed. The graph
    contains only operations that stock TensorFlow Serving has.

    Args:
        vectors: float32 [candidates, dim].
        queries: float32 [n, dim], representative queries; by default the candidates themselves. At
            most 1,000 are sampled: half of them tune the number of probes, the others measure.
        excluded: int32 [n, m], candidates that each of these queries excludes; negative codes are
            padding.
        recall: target recall@10.
        rows: dtype of the vectors in the lists. "bfloat16" and "int8" lists take a half or a
            quarter of the memory, in addition to the float32 vectors, which are kept to rescore the
            best candidates.
        num_lists: number of lists; by default four times the square root of the number of
            candidates, fewer for small catalogues.
        seed: random seed of the partition and of the sample of queries.

    Attributes:
        probes: number of lists that a search scores.
        recall: recall@10, measured on the second half of the queries.

    Raises:
        ValueError: no candidates, or a vector that is not finite.

    Source: Sivic and Zisserman (2003), Video Google; for dot products the centroids are compared
    by dot product too.

    Example:

    >>> vectors = np.random.default_rng(0).normal(size=(1000, 8)).astype(np.float32)
    >>> index = InvertedFile(vectors, recall=0.95)
    >>> index.search(tf.constant(vectors[:1]), tf.constant([[0]]), k=3)[1].shape
    TensorShape([1, 3])
    """

    def __init__(
        self,
        vectors: NDArray[np.float32],
        queries: NDArray[np.float32] | None = None,
        *,
        excluded: NDArray[np.int32] | None = None,
        recall: float = 0.95,
        rows: Literal["float32", "bfloat16", "int8"] = "float32",
        num_lists: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not len(vectors) or not np.isfinite(vectors).all():
            raise ValueError("An index needs at least one vector, and all of them finite.")
        self.size, self.dim = vectors.shape
        # Lists must not be so short that rounding up their length wastes memory.
        default = min(int(4 * self.size**0.5), self.size // FEWEST_A_LIST) // BLOCK * BLOCK
        self.parts = num_lists or max(1, default)
        self._length = BLOCK * int(np.ceil(SLACK * self.size / self.parts / BLOCK))
        centroids, lists = balanced_lists(vectors, self.parts, self._length, seed=seed)

        order = np.argsort(lists, kind="stable")
        column = np.arange(self.size) - np.searchsorted(lists[order], lists[order])
        positions = np.empty(self.size, np.int32)
        positions[order] = lists[order] * self._length + column
        codes = np.full(self.parts * self._length, -1, np.int32)
        codes[positions] = np.arange(self.size)

        self._centroids = _variable(centroids.T)
        codes = codes.reshape(self.parts, self._length)
        self._codes, self._places = _variable(codes), _variable(positions)
        shortest = np.sort(np.bincount(lists, minlength=self.parts))
        # A constant in the graph, so that without exclusions everything derived from it is folded.
        self._least_held = np.append(0, shortest.cumsum()).astype(np.int32)[None]
        table, scale = _laid_out(vectors, codes, rows)
        self._rows = _variable(table)
        self._scale = None if scale is None else _variable(scale)
        self._vectors = None if rows == "float32" else _variable(vectors)
        tuning, measuring = samples(vectors, queries, excluded, seed)
        nearness = tuning.queries @ centroids.T
        self.probes = probes_for(recall, tuning.neighbours, lists, nearness)
        k = measuring.neighbours.shape[1]
        _, retrieved = self.search(measuring.queries, measuring.excluded, k)
        self.recall = recall_of(retrieved.numpy(), measuring.neighbours)

    def search(self, queries: Any, excluded: Any, k: int) -> tuple[Any, Any]:
        """The k best candidates of each query, best first.

        As many additional candidates are fetched as may be excluded.

        Args:
            queries: float32 [batch, dim].
            excluded: int32 [batch, n], candidates to exclude, negative codes are padding; or None.
            k: number of results, at most the number of candidates.

        Returns:
            Scores, float32 [batch, k], and codes, int32 [batch, k]; a list that is too short is
            padded with the lowest float and -1.
        """
        fetched = k if excluded is None else k + tf.shape(excluded)[1]
        scores, codes = self._best(queries, min(self.probes, self.parts), fetched)
        is_short = tf.shape(codes)[1] < fetched
        if self.probes < self.parts:
            # Rare: the lists hold fewer candidates than are fetched.
            is_short |= tf.reduce_any(codes[:, fetched - 1 : fetched] < 0)
            scores, codes = tf.cond(
                is_short, lambda: self._best_of_more(queries, fetched), lambda: (scores, codes)
            )
        if self._vectors is not None:
            scores = tf.linalg.matvec(self.vectors_of(codes), queries)
            scores = tf.where(codes < 0, scores.dtype.min, scores)
            best = tf.math.top_k(scores, tf.minimum(fetched, tf.shape(scores)[1]))
            scores, codes = best.values, tf.gather(codes, best.indices, batch_dims=1)
        if excluded is not None:
            return without(scores, codes, excluded, k)
        return tf.where(codes < 0, scores.dtype.min, scores), codes

    def scores_of(self, query: Any, codes: Any) -> Any:
        """Scores [1, n] of candidates int32 [n] for a query [1, dim]."""
        return tf.matmul(query, self.vectors_of(codes), transpose_b=True)

    def scan(self, query: Any, parts: Any) -> tuple[Any, Any]:
        """Scores and candidates [1, n] of the nearest `parts` lists for one query [1, dim].

        Padding has a score of about -1e30 and code -1.
        """
        # Not `tf.ensure_shape` or `tf.reshape`: constant folding would conclude, although this is
        # in a branch, that every batch has one query.
        query = tf.gather(query, [0])
        _, lists = top_k(tf.matmul(query, self._centroids), parts)
        rows = tf.cast(tf.gather(self._rows, lists[0]), self._query_type)
        scores = tf.cast(tf.matmul(self._with_penalty(query), rows), tf.float32)
        return tf.reshape(scores, [1, -1]), tf.reshape(tf.gather(self._codes, lists[0]), [1, -1])

    def vectors_of(self, codes: Any) -> Any:
        """Vectors of candidates: int32 [...] -> float32 [..., dim]; zeros for negative codes."""
        is_candidate = tf.cast(codes >= 0, tf.float32)[..., None]
        codes = tf.maximum(codes, 0)
        if self._vectors is not None:
            return tf.gather(self._vectors, codes) * is_candidate
        position = tf.cast(tf.gather(self._places, codes), tf.int64)
        block = (self.dim + 1) * self._length
        first = position // self._length * block + position % self._length
        positions = first[..., None] + tf.range(self.dim, dtype=tf.int64) * self._length
        return tf.gather(tf.reshape(self._rows, [-1]), positions) * is_candidate

    def _best(self, queries: Any, probes: Any, fetched: Any) -> tuple[Any, Any]:
        """The best candidates of the nearest lists, best first, padding last."""
        compared = fetched if self._vectors is None else RESCORED * fetched
        results: tuple[Any, Any] = tf.cond(
            tf.equal(tf.shape(queries)[0], 1),
            lambda: self._best_of_one(queries, probes, compared),
            lambda: self._best_of_batch(queries, probes, compared),
        )
        return results

    # A node of its own as well, as it is rarely used.
    @tf.function(autograph=False, experimental_attributes={"_noinline": True})
    def _best_of_more(self, queries: Any, fetched: Any) -> tuple[Any, Any]:
        """The same in enough lists to hold all that is fetched, whichever lists are nearest."""
        least = tf.raw_ops.LowerBound(
            sorted_inputs=self._least_held, values=tf.reshape(fetched, [1, 1])
        )
        probes = tf.minimum(self.probes - 1 + tf.reshape(least, []), self.parts)
        return self._best(queries, probes, fetched)

    def _best_of_one(self, query: Any, probes: Any, count: Any) -> tuple[Any, Any]:
        scores, codes = self.scan(query, probes)
        scores, column = top_k(scores, tf.minimum(count, tf.size(scores)))
        return scores, tf.gather(codes, column, batch_dims=1)

    # A node of its own: otherwise a single query would evaluate all of these operations, unused.
    @tf.function(autograph=False, experimental_attributes={"_noinline": True})
    def _best_of_batch(self, queries: Any, probes: Any, count: Any) -> tuple[Any, Any]:
        _, lists = top_k(tf.matmul(queries, self._centroids), probes)
        scores = list_scores(self._with_penalty(queries), lists, self._rows, self._query_type)
        scores, column = top_k(tf.cast(scores, tf.float32), tf.minimum(count, tf.shape(scores)[1]))
        best_lists = tf.gather(lists, column // self._length, batch_dims=1)
        return scores, tf.gather_nd(
            self._codes, tf.stack([best_lists, column % self._length], axis=2)
        )

    def _with_penalty(self, queries: Any) -> Any:
        """Queries with an extra entry, which makes padding score lowest."""
        if self._scale is not None:
            queries *= self._scale
        extended = tf.pad(queries, [[0, 0], [0, 1]], constant_values=FAR)
        return tf.cast(extended, self._query_type)

    @property
    def _query_type(self) -> Any:
        return tf.bfloat16 if self._rows.dtype == tf.bfloat16 else tf.float32


def _laid_out(
    vectors: NDArray[np.float32], codes: NDArray[np.int32], rows: str
) -> tuple[NDArray[Any], NDArray[np.float32] | None]:
    """Lists of column vectors, [lists, dim + 1, length], and the scale of queries, float32 [dim].

    The extra row is 0 for candidates and -1 for padding.
    """
    scale = None
    if rows == "int8":
        scale = np.maximum(np.abs(vectors).max(axis=0) / 127, np.finfo(np.float32).tiny)
    dtype = tf.as_dtype(rows).as_numpy_dtype
    table = np.empty((len(codes), vectors.shape[1] + 1, codes.shape[1]), dtype)
    for number, members in enumerate(codes):
        columns = vectors[members].T * (members >= 0)
        table[number, :-1] = columns if scale is None else np.rint(columns / scale[:, None])
        table[number, -1] = np.where(members < 0, -1, 0)
    return table, scale


def _variable(value: NDArray[Any]) -> tf.Variable:
    return tf.Variable(value, trainable=False)
