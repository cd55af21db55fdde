"""The serving graph of a linear recommender."""

from typing import Any

import tensorflow as tf

from kit.exporting._recommender import RecommenderGraph, RecommenderParts
from kit.retrieval import IndexSettings


class LinearRecommenderGraph(RecommenderGraph):
    """`RecommenderGraph` that scores by item-to-item weights; users are their histories.

    Args:
        parts: the fitted model, as arrays, with `linear`.
        k: length of the recommended lists, at most the number of items.
        exclude_seen: whether seen items of a user are not recommended.
    """

    def _index(self, parts: RecommenderParts, settings: IndexSettings) -> None:
        assert parts.linear is not None
        self.index = self.similar = parts.linear

    def _contents(self) -> dict[str, Any]:
        weights = {f"linear/{name}": values for name, values in self.index.arrays().items()}
        prior = self.index.prior_of(tf.range(self.index.size))
        none = {
            "user_vectors": tf.zeros([tf.size(self._owned_offsets) - 1, 0]),
            "item_vectors": tf.zeros([self.index.size, 0]),
        }
        return super()._contents() | weights | none | {"linear_prior": prior}

    def _compared(self, queries: Any, codes: Any, item: Any) -> tuple[Any, Any]:
        # Without the scores of all other items.
        votes, average = self.index.votes(codes, item), self.index.average_votes(codes)
        return (
            tf.reduce_sum(votes, axis=1) + self.index.prior_of(item),
            tf.reduce_sum(average, axis=1) + self.index.average_prior,
        )

    def _contributions(self, codes: Any, item: Any) -> Any:
        return self.index.votes(codes, item) - self.index.average_votes(codes)

    def _prior(self, item: Any) -> Any:
        return self.index.prior_of(item) - self.index.average_prior

    def _query_of(self, code: Any) -> Any:
        return self.index.scores(self._owned(code))

    def _of_history(self, codes: Any, time: Any = None) -> tuple[Any, Any]:
        return tf.reduce_any(codes >= 0, axis=1), self.index.scores(codes)
