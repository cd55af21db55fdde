"""Search by item-to-item weights: the items of a history vote for all others."""

from typing import Any

import numpy as np
import tensorflow as tf

from kit.retrieval._exact import top_k, without
from kit.retrieval._item_regression import ItemWeights, packed


def dense_votes(codes: Any, weights: Any) -> Any:
    """The sum of the weights of a history's items for all items.

    Args:
        codes: int [batch, n], histories; negative codes are padding. An item that repeats counts
            once.
        weights: float32 [items, items], by item of the history and item to score.

    Returns:
        float32 [batch, items].
    """
    return tf.matmul(_held(codes, weights.shape[0]), weights)


def sparse_votes(codes: Any, offsets: Any, targets: Any, weights: Any) -> Any:
    """`dense_votes` with sparse weights.

    Args:
        codes: int [batch, n], histories; negative codes are padding.
        offsets: int64 [items + 1]; the weights of item i start at `offsets[i]`.
        targets: int32 [entries], the items they are for.
        weights: float32 [entries].
    """
    items = offsets.shape[0] - 1
    batch = tf.shape(codes, out_type=tf.int64)[0]
    owner, source = tf.unstack(tf.where(_held(codes, items) > 0), axis=1)
    places, row = _entries(source, offsets)
    cells = tf.gather(owner, row) * items + tf.cast(tf.gather(targets, places), tf.int64)
    total = tf.math.unsorted_segment_sum(tf.gather(weights, places), cells, batch * items)
    return tf.reshape(total, [batch, items])


def _held(codes: Any, items: int) -> Any:
    """float32 [batch, items]: 1 where a history has the item."""
    codes = tf.cast(codes, tf.int32)
    rows = tf.broadcast_to(tf.range(tf.shape(codes)[0])[:, None], tf.shape(codes))
    # Column 0 takes the padding.
    places = tf.stack([rows, tf.maximum(codes, -1) + 1], axis=-1)
    shape = tf.stack([tf.shape(codes)[0], items + 1])
    counts = tf.scatter_nd(places, tf.ones_like(codes, tf.float32), shape)
    return tf.minimum(counts[:, 1:], 1)


def _counts(codes: Any) -> Any:
    """bool [batch, n]: whether a place of a history holds an item that did not come before."""
    length = tf.shape(codes)[1]
    earlier = tf.linalg.band_part(tf.ones([length, length], tf.bool), -1, 0)
    same = tf.equal(codes[:, :, None], codes[:, None, :])
    return (codes >= 0) & (tf.math.count_nonzero(same & earlier, axis=2) == 1)


def _entries(sources: Any, offsets: Any) -> tuple[Any, Any]:
    """Places of all weights of some items, and which of the items each belongs to."""
    places = tf.ragged.range(tf.gather(offsets, sources), tf.gather(offsets, sources + 1))
    return places.flat_values, places.value_rowids()


class ItemWeightsIndex(tf.Module):
    """Exact search where a query is the scores of all items.

    Args:
        weights: float32 [items, items], by item of the history and item to score.
        prior: float32 [items], added to every score.

    Example:

    >>> index = ItemWeightsIndex(np.float32([[0, 2, 1], [2, 0, 0], [1, 0, 0]]), np.zeros(3))
    >>> scores = index.scores(tf.constant([[0, -1]]))
    >>> [x.numpy().tolist() for x in index.search(scores, tf.constant([[0]]), k=2)]
    [[[2.0, 1.0]], [[1, 2]]]
    """

    parts = probes = 1
    recall = 1.0

    def __init__(self, weights: ItemWeights, prior: Any) -> None:
        super().__init__()
        self.size = weights.shape[0]
        self._prior = tf.Variable(np.asarray(prior, np.float32), trainable=False)
        arrays = {name: tf.Variable(x, trainable=False) for name, x in packed(weights).items()}
        self._weights = arrays["weights"]
        self._is_sparse = "offsets" in arrays
        self.average_prior = float(np.mean(prior))
        averages = np.asarray(weights.mean(axis=1), np.float32).ravel()
        self._average_votes = tf.Variable(averages, trainable=False)
        if self._is_sparse:
            self._offsets, self._targets = arrays["offsets"], arrays["targets"]

    def scores(self, codes: Any) -> Any:
        """Scores of all items, float32 [batch, items], by histories int [batch, n].

        Negative codes are padding; an item that repeats counts once.
        """
        return self._votes(codes) + self._prior

    def arrays(self) -> dict[str, Any]:
        """The weights as `packed` arrays."""
        of_rows = {"offsets": self._offsets, "targets": self._targets} if self._is_sparse else {}
        return {name: x.value() for name, x in {**of_rows, "weights": self._weights}.items()}

    def votes(self, codes: Any, item: Any) -> Any:
        """What each item of a history adds to the score of an item.

        Args:
            codes: int32 [batch, n], histories; negative codes are padding.
            item: int32 [batch], the item that is scored.

        Returns:
            float32 [batch, n]; of an item that repeats only the first counts.
        """
        batch, length = tf.unstack(tf.shape(codes))
        flat = tf.reshape(codes, [-1])
        items = tf.repeat(item, length)
        if self._is_sparse:
            places, row = _entries(tf.maximum(flat, 0), self._offsets)
            is_item = tf.equal(tf.gather(self._targets, places), tf.gather(items, row))
            weight = tf.gather(self._weights, places)
            votes = tf.math.unsorted_segment_sum(tf.where(is_item, weight, 0), row, tf.size(flat))
        else:
            places = tf.stack([tf.maximum(flat, 0), tf.maximum(items, 0)], axis=1)
            votes = tf.gather_nd(self._weights, places)
        votes = tf.reshape(votes, [batch, length])
        return tf.where(_counts(codes) & (item >= 0)[:, None], votes, 0)

    def average_votes(self, codes: Any) -> Any:
        """`votes` for the average item of the catalogue."""
        votes = tf.gather(self._average_votes, tf.maximum(codes, 0))
        return tf.where(_counts(codes), votes, 0)

    def prior_of(self, item: Any) -> Any:
        """The prior of items, int32 [batch] -> float32 [batch]; 0 for negative codes."""
        return tf.gather(self._prior, tf.maximum(item, 0)) * tf.cast(item >= 0, tf.float32)

    def vectors_of(self, codes: Any) -> Any:
        """The votes of single items for all others: int32 [batch] -> float32 [batch, items]."""
        return self._votes(codes[:, None])

    def search(self, queries: Any, excluded: Any, k: int) -> tuple[Any, Any]:
        """The k best items of scores [batch, items], see `ExactIndex.search`."""
        queries = tf.ensure_shape(queries, [None, self.size])
        fetched = tf.minimum(k + tf.shape(excluded)[1], self.size)
        return without(*top_k(queries, fetched), excluded, k)

    def scores_of(self, query: Any, codes: Any) -> Any:
        """Scores [1, n] of items int32 [n]."""
        return tf.gather(query, codes, axis=1)

    def scan(self, query: Any, parts: Any) -> tuple[Any, Any]:
        """Scores of all items, and the items: [1, items]."""
        return query, tf.range(self.size)[None]

    def _votes(self, codes: Any) -> Any:
        if self._is_sparse:
            return sparse_votes(codes, self._offsets, self._targets, self._weights)
        return dense_votes(codes, self._weights)
