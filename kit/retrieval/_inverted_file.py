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
# What a padded column scores below every candidate; it has to fit into bfloat16.
FAR = 1e30


class InvertedFile(tf.Module):
    """The best candidates of each query by dot product, found among the lists nearest to it.

    The candidates are divided by k-means into lists of about equal length. A search scores the
    lists' centroids, then every candidate of the `probes` nearest lists. How many lists that takes
    is found out when the index is built, from queries whose exact answers are computed. All of it
    is made of operations that every TensorFlow Serving has.

    Args:
        vectors: float32 [candidates, dim].
        queries: float32 [n, dim], queries like those to come; by default the candidates
            themselves. Half of at most 1,000 chooses the number of probes, the other half measures.
        excluded: int32 [n, m], candidates each of these queries will leave out; negative is
            padding.
        recall: share of the 10 best candidates that a search has to find.
        rows: how the lists keep the vectors. With "bfloat16" or "int8" the lists take a half or a
            quarter of the memory, the vectors stay beside them, and the best candidates are scored
            again in float32.
        num_lists: by default four times the square root of the number of candidates.
        seed: of the division and of the choice of queries.

    Attributes:
        probes: lists that a search scores.
        recall: share of the 10 best found, measured on the other half of the queries.

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
        # Not so short that rounding up their length wastes memory.
        default = min(int(4 * self.size**0.5), self.size // FEWEST_A_LIST) // BLOCK * BLOCK
        self.parts = num_lists or max(1, default)
        self._length = BLOCK * int(np.ceil(SLACK * self.size / self.parts / BLOCK))
        centroids, lists = balanced_lists(vectors, self.parts, self._length, seed=seed)

        order = np.argsort(lists, kind="stable")
        column = np.arange(self.size) - np.searchsorted(lists[order], lists[order])
        places = np.empty(self.size, np.int32)
        places[order] = lists[order] * self._length + column
        codes = np.full(self.parts * self._length, -1, np.int32)
        codes[places] = np.arange(self.size)

        self._centroids = _variable(centroids.T)
        codes = codes.reshape(self.parts, self._length)
        self._codes, self._places = _variable(codes), _variable(places)
        shortest = np.sort(np.bincount(lists, minlength=self.parts))
        # In the graph a constant: with nothing to leave out, what depends on it is one too.
        self._least_held = np.append(0, shortest.cumsum()).astype(np.int32)[None]
        table, scale = _laid_out(vectors, codes, rows)
        self._rows = _variable(table)
        self._scale = None if scale is None else _variable(scale)
        self._vectors = None if rows == "float32" else _variable(vectors)
        tuning, measuring = samples(vectors, queries, excluded, seed)
        nearness = tuning.queries @ centroids.T
        self.probes = probes_for(recall, tuning.neighbours, lists, nearness)
        k = measuring.neighbours.shape[1]
        _, found = self.search(measuring.queries, measuring.excluded, k)
        self.recall = recall_of(found.numpy(), measuring.neighbours)

    def search(self, queries: Any, excluded: Any, k: int) -> tuple[Any, Any]:
        """Scores and candidates, best first.

        As many more candidates are fetched as may have to go.

        Args:
            queries: float32 [batch, dim].
            excluded: int32 [batch, n], candidates to leave out, negative is padding; or None.
            k: at most the number of candidates.

        Returns:
            float32 and int32 [batch, k]; where a list ends early, the lowest float and -1.
        """
        fetched = k if excluded is None else k + tf.shape(excluded)[1]
        scores, codes = self._best(queries, min(self.probes, self.parts), fetched)
        is_short = tf.shape(codes)[1] < fetched
        if self.probes < self.parts:
            # Seldom: these lists hold fewer than what is fetched.
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
        """Scores and candidates [1, n] of the nearest lists for one query [1, dim].

        A place without a candidate scores -1e30 and has code -1.
        """
        # With `tf.ensure_shape` or `tf.reshape`, although in a branch, constant folding would
        # conclude that every batch is of one query.
        query = tf.gather(query, [0])
        _, lists = top_k(tf.matmul(query, self._centroids), parts)
        rows = tf.cast(tf.gather(self._rows, lists[0]), self._query_type)
        scores = tf.cast(tf.matmul(self._marked(query), rows), tf.float32)
        return tf.reshape(scores, [1, -1]), tf.reshape(tf.gather(self._codes, lists[0]), [1, -1])

    def vectors_of(self, codes: Any) -> Any:
        """Vectors of candidates: int32 [...] -> float32 [..., dim]; zeros for a negative code."""
        known = tf.cast(codes >= 0, tf.float32)[..., None]
        codes = tf.maximum(codes, 0)
        if self._vectors is not None:
            return tf.gather(self._vectors, codes) * known
        place = tf.cast(tf.gather(self._places, codes), tf.int64)
        block = (self.dim + 1) * self._length
        first = place // self._length * block + place % self._length
        places = first[..., None] + tf.range(self.dim, dtype=tf.int64) * self._length
        return tf.gather(tf.reshape(self._rows, [-1]), places) * known

    def _best(self, queries: Any, probes: Any, fetched: Any) -> tuple[Any, Any]:
        """The best of the nearest lists, best first, places without a candidate last."""
        compared = fetched if self._vectors is None else RESCORED * fetched
        found: tuple[Any, Any] = tf.cond(
            tf.equal(tf.shape(queries)[0], 1),
            lambda: self._best_of_one(queries, probes, compared),
            lambda: self._best_of_batch(queries, probes, compared),
        )
        return found

    # One node as well, as it is seldom used.
    @tf.function(autograph=False, experimental_attributes={"_noinline": True})
    def _best_of_more(self, queries: Any, fetched: Any) -> tuple[Any, Any]:
        """The same of as many more lists as hold what is fetched, whichever they are."""
        least = tf.raw_ops.LowerBound(
            sorted_inputs=self._least_held, values=tf.reshape(fetched, [1, 1])
        )
        probes = tf.minimum(self.probes - 1 + tf.reshape(least, []), self.parts)
        return self._best(queries, probes, fetched)

    def _best_of_one(self, query: Any, probes: Any, count: Any) -> tuple[Any, Any]:
        scores, codes = self.scan(query, probes)
        scores, column = top_k(scores, tf.minimum(count, tf.size(scores)))
        return scores, tf.gather(codes, column, batch_dims=1)

    # Kept apart as one node: a single query would otherwise pass through all of these, unused.
    @tf.function(autograph=False, experimental_attributes={"_noinline": True})
    def _best_of_batch(self, queries: Any, probes: Any, count: Any) -> tuple[Any, Any]:
        _, lists = top_k(tf.matmul(queries, self._centroids), probes)
        scores = list_scores(self._marked(queries), lists, self._rows, self._query_type)
        scores, column = top_k(tf.cast(scores, tf.float32), tf.minimum(count, tf.shape(scores)[1]))
        chosen = tf.gather(lists, column // self._length, batch_dims=1)
        return scores, tf.gather_nd(self._codes, tf.stack([chosen, column % self._length], axis=2))

    def _marked(self, queries: Any) -> Any:
        """Queries lengthened by what makes places without a candidate score lowest."""
        if self._scale is not None:
            queries *= self._scale
        marked = tf.pad(queries, [[0, 0], [0, 1]], constant_values=FAR)
        return tf.cast(marked, self._query_type)

    @property
    def _query_type(self) -> Any:
        return tf.bfloat16 if self._rows.dtype == tf.bfloat16 else tf.float32


def _laid_out(
    vectors: NDArray[np.float32], codes: NDArray[np.int32], rows: str
) -> tuple[NDArray[Any], NDArray[np.float32] | None]:
    """[lists, dim + 1, length], and what a query has to be multiplied with, float32 [dim].

    The row after the last dimension is 0, and -1 where there is no candidate.
    """
    scale = None
    if rows == "int8":
        scale = np.maximum(np.abs(vectors).max(axis=0) / 127, np.finfo(np.float32).tiny)
    dtype = tf.as_dtype(rows).as_numpy_dtype
    table = np.empty((len(codes), vectors.shape[1] + 1, codes.shape[1]), dtype)
    for place, members in enumerate(codes):
        columns = vectors[members].T * (members >= 0)
        table[place, :-1] = columns if scale is None else np.rint(columns / scale[:, None])
        table[place, -1] = np.where(members < 0, -1, 0)
    return table, scale


def _variable(value: NDArray[Any]) -> tf.Variable:
    return tf.Variable(value, trainable=False)
