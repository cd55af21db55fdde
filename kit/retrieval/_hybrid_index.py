"""Search by vectors and item-to-item weights together."""

from typing import Any

import tensorflow as tf

from kit.retrieval._exact import ExactIndex, top_k, without
from kit.retrieval._index_for import CandidateIndex
from kit.retrieval._item_weights_index import ItemWeightsIndex

# Items that are rescored beside those an approximate index finds: those with the most votes.
MOST_VOTED = 256


class HybridIndex(tf.Module):
    """The score of an item is a dot product plus the votes of the history's items.

    A query is a vector followed by the votes for all items, see `query`. An approximate index of
    the vectors does not know the votes: the items with the most votes join what it finds.

    Args:
        vectors: index of the items' vectors.
        weights: item-to-item weights.

    Example:

    >>> import numpy as np
    >>> weights = ItemWeightsIndex(np.float32([[0, 2, 1], [2, 0, 0], [1, 0, 0]]), np.zeros(3))
    >>> index = HybridIndex(ExactIndex(np.float32([[1], [2], [4]])), weights)
    >>> query = index.query(tf.constant([[0.5]]), tf.constant([[0, -1]]))
    >>> [x.numpy().tolist() for x in index.search(query, tf.constant([[0]]), k=2)]
    [[[3.0, 3.0]], [[1, 2]]]
    """

    def __init__(self, vectors: CandidateIndex, weights: ItemWeightsIndex) -> None:
        super().__init__()
        self.vectors, self.weights = vectors, weights
        self.size, self.recall = vectors.size, vectors.recall
        self.parts, self.probes = vectors.parts, vectors.probes
        self.custom_ops = getattr(vectors, "custom_ops", None)
        self.is_exact = isinstance(vectors, ExactIndex)

    def query(self, vectors: Any, codes: Any) -> Any:
        """Queries, float32 [batch, dim + items], of vectors [batch, dim] and histories [batch, n].

        Negative codes are padding; an item that repeats votes once.
        """
        return tf.concat([vectors, self.weights.scores(codes)], axis=1)

    def search(self, queries: Any, excluded: Any, k: int) -> tuple[Any, Any]:
        """The k best items of each query, see `ExactIndex.search`."""
        vectors, votes = self._split(queries)
        if self.is_exact:
            fetched = tf.minimum(k + tf.shape(excluded)[1], self.size)
            scores = self.vectors.scan(vectors, 1)[0] + votes
            return without(*top_k(scores, fetched), excluded, k)
        found = self.vectors.search(vectors, excluded, min(k + MOST_VOTED, self.size))
        scores, items = self._with_voted(*found, vectors, votes)
        best = tf.math.top_k(scores, tf.shape(scores)[1])
        return without(best.values, tf.gather(items, best.indices, batch_dims=1), excluded, k)

    def vectors_of(self, codes: Any) -> Any:
        """Vectors of items, without their votes: int32 [...] -> float32 [..., dim]."""
        return self.vectors.vectors_of(codes)

    def scores_of(self, query: Any, codes: Any) -> Any:
        """Scores [1, n] of items int32 [n] for a query [1, dim + items]."""
        vector, votes = self._split(query)
        voted = tf.gather(votes, tf.maximum(codes, 0), axis=1)
        return self.vectors.scores_of(vector, codes) + voted

    def scan(self, query: Any, parts: Any) -> tuple[Any, Any]:
        """Scores and items [1, n] of the nearest parts, for a query [1, dim + items]."""
        vector, votes = self._split(query)
        scores, items = self.vectors.scan(vector, parts)
        if self.is_exact:
            return scores + votes, items
        return self._with_voted(scores, items, vector, votes)

    def _split(self, queries: Any) -> tuple[Any, Any]:
        votes = tf.ensure_shape(queries[:, -self.size :], [None, self.size])
        return queries[:, : -self.size], votes

    def _with_voted(self, scores: Any, items: Any, vectors: Any, votes: Any) -> tuple[Any, Any]:
        """Votes added to the scores of items, and the items with the most votes joined to them."""
        best = tf.math.top_k(votes, min(MOST_VOTED + 1, self.size))
        least = tf.maximum(best.values[:, -1:], 0)
        voted = tf.where(best.values > least, best.indices, -1)
        of_found = tf.gather(votes, tf.maximum(items, 0), batch_dims=1)
        # Each item once: those with the most votes are scored below.
        is_voted = of_found > least
        items = tf.where(is_voted, -1, items)
        scores = tf.where(items < 0, scores.dtype.min, scores + of_found)
        of_voted = tf.linalg.matvec(self.vectors.vectors_of(voted), vectors) + best.values
        of_voted = tf.where(voted < 0, scores.dtype.min, of_voted)
        return tf.concat([scores, of_voted], axis=1), tf.concat([items, voted], axis=1)
