"""Exact search and the popularity ranking."""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.retrieval._tfrs import tfrs

BLOCK = 16


def top_k(scores: Any, k: Any) -> tuple[Any, Any]:
    """The k highest scores of each row, best first: a faster `tf.math.top_k`.

    TensorFlow compares every score with the k-th best so far. This function first takes the maximum
    of each block of 16 scores, which is fast, and then searches only the k best blocks.

    Args:
        scores: float [batch, columns]; if the number of columns is not static, it must be a
            multiple of 16.
        k: number of results, at most the number of columns.

    Returns:
        Scores, float [batch, k], and columns, int32 [batch, k]; the order of ties is undefined.

    Example:

    >>> top_k(tf.reshape(tf.range(64.0), [2, 32]), 2)[1].numpy().tolist()
    [[31, 30], [31, 30]]
    """
    columns = scores.shape[1]
    if columns is not None and columns % BLOCK:
        best = tf.math.top_k(scores, k)
        return best.values, best.indices
    batch = scores.shape[0] or tf.shape(scores)[0]
    blocks = tf.reshape(scores, [batch, -1, BLOCK])
    best_blocks = tf.math.top_k(
        tf.reduce_max(blocks, axis=2), tf.minimum(k, tf.shape(blocks)[1]), sorted=False
    ).indices
    candidates = tf.gather(blocks, best_blocks, batch_dims=1)
    best = tf.math.top_k(tf.reshape(candidates, [batch, -1]), k)
    block = tf.gather(best_blocks, best.indices // BLOCK, batch_dims=1)
    return best.values, block * BLOCK + best.indices % BLOCK


def without(scores: Any, items: Any, excluded: Any, k: Any) -> tuple[Any, Any]:
    """The first k of ranked lists after excluding items.

    Args:
        scores: float32 [batch, n], best first.
        items: int32 [batch, n]; -1 is padding.
        excluded: int32 [batch, m]; negative codes are padding.
        k: length of the result.

    Returns:
        Scores, float32 [batch, k], and items, int32 [batch, k]; a list that is too short is padded
        with the lowest float and -1.
    """
    # Pad the input to at least the length of the result.
    end = [[0, 0], [0, tf.maximum(k - tf.shape(items)[1], 0)]]
    scores = tf.pad(scores, end, constant_values=scores.dtype.min)
    items = tf.pad(items, end, constant_values=-1)
    best = tf.math.top_k(tf.where(among(items, excluded), scores.dtype.min, scores), k=k)
    best_items = tf.gather(items, best.indices, batch_dims=1)
    return best.values, tf.where(best.values > scores.dtype.min, best_items, -1)


def among(items: Any, excluded: Any) -> Any:
    """Whether items are padding or among those to exclude, bool [batch, n].

    Args:
        items: int32 [batch, n]; -1 is padding.
        excluded: int32 [batch, m]; negative codes are padding.

    Example:

    >>> among(tf.constant([[3, 1, -1]]), tf.constant([[5, 3]])).numpy().tolist()
    [[True, False, True]]
    """
    excluded = tf.sort(tf.pad(excluded, [[0, 0], [0, 1]], constant_values=-1), axis=1)
    # The same as `tf.searchsorted`, in one operation instead of ten.
    position = tf.raw_ops.LowerBound(sorted_inputs=excluded, values=items)
    position = tf.minimum(position, tf.shape(excluded)[1] - 1)
    # Padding of `items` equals that of `excluded`.
    return tf.equal(tf.gather(excluded, position, batch_dims=1), items)


class ExactIndex(tf.Module):
    """Exact search by dot product, with the brute-force layer of TFRS.

    Its variables are tracked, so it can be part of an exported `tf.Module`; the Keras layer itself
    is not, so the export contains nothing of Keras.

    Args:
        vectors: float32 [candidates, dim].

    Raises:
        UserError: TensorFlow Recommenders cannot be imported.

    Example:

    >>> index = ExactIndex(np.eye(3, dtype=np.float32))
    >>> query, excluded = tf.constant([[0.1, 0.3, 0.2]]), tf.constant([[1, -1]])
    >>> [x.numpy().tolist() for x in index.search(query, excluded, k=2)][1]
    [[2, 0]]
    """

    parts = probes = 1
    recall = 1.0

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        super().__init__()
        self.size = len(vectors)
        with tfrs() as library:
            layer = library.layers.factorized_top_k.BruteForce()
            layer.index(tf.constant(vectors), identifiers=tf.range(self.size))
        self._vectors, self._identifiers = layer._candidates, layer._identifiers
        self._best = layer.call

    def search(self, queries: Any, excluded: Any, k: int) -> tuple[Any, Any]:
        """The k best candidates of each query, best first.

        As many additional candidates are fetched as may be excluded, so exclusions cost no recall.

        Args:
            queries: float32 [batch, dim].
            excluded: int32 [batch, n], candidates to exclude; negative codes are padding.
            k: number of results, at most the number of candidates.

        Returns:
            Scores, float32 [batch, k], and codes, int32 [batch, k]; a list that is too short is
            padded with the lowest float and -1.
        """
        fetched = tf.minimum(k + tf.shape(excluded)[1], self.size)
        scores, items = self._best(queries, k=fetched)
        return without(scores, items, excluded, k)

    def vectors_of(self, codes: Any) -> Any:
        """Vectors of candidates: int32 [...] -> float32 [..., dim]; zeros for negative codes."""
        is_candidate = tf.cast(codes >= 0, tf.float32)[..., None]
        return tf.gather(self._vectors, tf.maximum(codes, 0)) * is_candidate

    def scores_of(self, query: Any, codes: Any) -> Any:
        """Scores [1, n] of candidates int32 [n] for a query [1, dim]."""
        return tf.matmul(query, self.vectors_of(codes), transpose_b=True)

    def scan(self, query: Any, parts: Any) -> tuple[Any, Any]:
        """Scores of all candidates for one query [1, dim], and the candidates: [1, candidates]."""
        return tf.matmul(query, self._vectors, transpose_b=True), self._identifiers[None]


ITEMS_A_PART = 1024


class PopularOrder(tf.Module):
    """Items by popularity, the same for every user.

    Args:
        popularity: float32 [items].

    Example:

    >>> order = PopularOrder(np.array([0.1, 0.9], np.float32))
    >>> order.search(tf.constant([[-1]]), k=2)[1].numpy().tolist()
    [[1, 0]]
    """

    probes = 1

    def __init__(self, popularity: NDArray[np.float32]) -> None:
        super().__init__()
        best = np.argsort(-popularity, kind="stable").astype(np.int32)
        self._items = tf.Variable(best, trainable=False)
        self._scores = tf.Variable(popularity[best], trainable=False)
        self._places = tf.Variable(np.argsort(best).astype(np.int32), trainable=False)
        self._size = len(best)
        self.parts = -(-self._size // ITEMS_A_PART)

    def search(self, excluded: Any, k: int) -> tuple[Any, Any]:
        """Scores and items [batch, k], excluding int32 [batch, n]; negative codes are padding."""
        batch = tf.shape(excluded)[0]
        fetched = tf.minimum(k + tf.shape(excluded)[1], self._size)
        scores = tf.tile(self._scores[None, :fetched], [batch, 1])
        items = tf.tile(self._items[None, :fetched], [batch, 1])
        return without(scores, items, excluded, k)

    def scan(self, query: Any, parts: Any) -> tuple[Any, Any]:
        """Scores and items [1, n] of the first `parts` parts; the query is ignored."""
        read = tf.minimum(parts * ITEMS_A_PART, self._size)
        return self._scores[None, :read], self._items[None, :read]

    def scores_of(self, query: Any, codes: Any) -> Any:
        """Scores [1, n] of items int32 [n]."""
        return tf.gather(self._scores, tf.gather(self._places, codes))[None]
