"""The serving graph of retrieval, ranking and re-ranking."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Attributes
from kit.exporting._recommender import Recommender, RecommenderParts, bounded
from kit.exporting._traced import traced
from kit.models import CandidateFeatures, CandidateRanking, CandidateTables
from kit.retrieval import IndexSettings, apply_boosts, diversify

LEAST_SHARE = 1e-9
_RULES = [
    tf.TensorSpec([None, None], tf.string, "exclude"),
    tf.TensorSpec([None, None], tf.string, "where"),
    tf.TensorSpec([None, None], tf.string, "boost"),
    tf.TensorSpec([None, None], tf.float32, "boost_factor"),
    tf.TensorSpec([None], tf.int32, "at_most"),
    tf.TensorSpec([None], tf.float32, "diversity"),
]


@dataclass(frozen=True)
class SecondStage:
    """The stage after retrieval.

    Args:
        model: scores the candidates.
        tables: the source of its features.
        candidates: number of candidates from retrieval.
        diversity: of lists without rules, see `kit.retrieval.diversify`.
        category_column: column of the items' table whose values `at_most` limits, or None.
    """

    model: CandidateRanking
    tables: CandidateTables
    candidates: int = 200
    diversity: float = 0.0
    category_column: str | None = None

    def categories(self, attributes: Attributes) -> NDArray[np.int32]:
        """int32 [items, n], the categories of each item as tokens; 0 is padding."""
        column = f"{self.category_column}="
        of_column = [value.startswith(column) for value in attributes.values]
        tokens = np.where(np.array([False, *of_column])[attributes.tokens], attributes.tokens, 0)
        filled = -np.sort(-tokens, axis=1)
        return filled[:, : max(1, int((filled > 0).sum(axis=1).max(initial=0)))].astype(np.int32)


class TwoStageRecommender(Recommender):
    """`Recommender` whose candidates are ranked by a second model and re-ranked by rules.

    It returns `item_id`, `score` (which orders the list, except for diversity), and the scores of
    the stages, `retrieval_score` and `ranking_score`. Unknown users, and histories without a known
    item, get the popular list: the score is the logarithm of the share of users who interacted with
    the item, and the ranking score is 0.

    Args:
        parts: the trained retrieval model, as arrays.
        second: the second stage.
        k: length of the recommended lists, at most the number of candidates.
        exclude_seen: whether seen items of a user are not recommended.
        index: how candidates are found.
    """

    def __init__(
        self,
        parts: RecommenderParts,
        second: SecondStage,
        *,
        k: int,
        exclude_seen: bool,
        index: IndexSettings | None = None,
    ) -> None:
        super().__init__(parts, k=k, exclude_seen=exclude_seen, index=index)
        self._count = min(max(second.candidates, self._k), len(parts.item_ids))
        self._diversity = second.diversity
        self._features = CandidateFeatures(second.tables)
        shares = np.log(np.maximum(parts.popularity, LEAST_SHARE))
        self._average_popularity = float(shares.mean())
        self._categories = tf.Variable(second.categories(parts.attributes), trainable=False)
        # The Keras model is not tracked: only its variables and its traced computation are saved.
        self._weights = [weight.value for weight in second.model.variables]
        model = second.model
        self._rank: Callable[[Any], Any] = lambda features: model.ranking(features)
        self._combine: Callable[[Any, Any], Any] = lambda retrieval, ranking: model.combined(
            retrieval, ranking
        )

    @traced(tf.TensorSpec([None], tf.string, "user_id"), *_RULES)
    def recommend_where(
        self,
        user_id: Any,
        exclude: Any,
        where: Any,
        boost: Any,
        boost_factor: Any,
        at_most: Any,
        diversity: Any,
    ) -> dict[str, Any]:
        """`recommend` under the rules of the request."""
        rules = (bounded(exclude), where, boost, boost_factor, at_most, diversity)
        return self._list_by_rules(*self._of_user(user_id), *rules)

    @traced(tf.TensorSpec([None, None], tf.string, "history"), *_RULES)
    def from_history_where(
        self,
        history: Any,
        exclude: Any,
        where: Any,
        boost: Any,
        boost_factor: Any,
        at_most: Any,
        diversity: Any,
    ) -> dict[str, Any]:
        """`from_history` under the rules of the request."""
        rules = (exclude, where, boost, boost_factor, at_most, diversity)
        return self._list_by_rules(*self._of_items(history), *rules)

    def _of_user(self, user_id: Any) -> tuple[Any, Any, Any]:
        """Whether users are known, their queries and their histories."""
        code = self._user_code.lookup(user_id)
        return code >= 0, self._query_of(code), self._owned(code)

    def _of_items(self, history: Any) -> tuple[Any, Any, Any]:
        codes = self._item_code.lookup(history)
        return *self._of_history(codes), codes

    def _list(self, known: Any, queries: Any, history: Any) -> dict[str, Any]:
        retrieval, items = self._found(known, queries, self._seen(history), None, self._count)
        score, ranking = self._scored(known, history, retrieval, items)
        if self._diversity:
            places = self._chosen(
                score,
                items,
                tf.fill(tf.shape(known), self._diversity),
                tf.zeros_like(known, tf.int32),
            )
        else:
            best = tf.math.top_k(score, self._k)
            places = tf.where(best.values > tf.float32.min, best.indices, -1)
        return self._told(places, items, score, retrieval, ranking)

    def _list_by_rules(
        self,
        known: Any,
        queries: Any,
        history: Any,
        exclude: Any,
        where: Any,
        boost: Any,
        boost_factor: Any,
        at_most: Any,
        diversity: Any,
    ) -> dict[str, Any]:
        excluded = tf.concat([self._seen(history), self._item_code.lookup(exclude)], axis=1)
        retrieval, items = self._found(known, queries, excluded, where, self._count)
        score, ranking = self._scored(known, history, retrieval, items)
        score = apply_boosts(score, self._is_meant(boost, items), boost_factor)
        diversity = tf.clip_by_value(diversity, 0.0, 1.0)
        places = self._chosen(score, items, diversity, at_most)
        return self._told(places, items, score, retrieval, ranking)

    def _scored(self, known: Any, history: Any, retrieval: Any, items: Any) -> tuple[Any, Any]:
        """The combined score and the ranking score of each candidate, [batch, candidates]."""
        known = known[:, None]
        ranking = tf.where(known, self._rank(self._features(history, items, retrieval)), 0.0)
        share = tf.math.log(tf.maximum(retrieval, LEAST_SHARE))
        popular = tf.where(items < 0, tf.float32.min, share)
        return tf.where(known, self._combine(retrieval, ranking), popular), ranking

    def scored(self, known: Any, queries: Any, codes: Any, item: Any) -> dict[str, Any]:
        """`Recommender.scored` with what the ranking stage adds, `ranking`.

        An item that is no candidate is ranked in the place of the last one.
        """
        parts = super().scored(known, queries, codes, item)
        retrieval, items = self._found(known, queries, self._seen(codes), None, self._count)
        is_it = tf.equal(items, item[:, None])
        is_last = tf.equal(tf.range(self._count), self._count - 1)
        is_it |= is_last & ~tf.reduce_any(is_it, axis=1, keepdims=True)
        items = tf.where(is_it, item[:, None], items)
        retrieval = tf.where(is_it, parts["score"][:, None], retrieval)
        score, _ = self._scored(known, codes, retrieval, items)
        score = tf.reduce_sum(tf.where(is_it, score, 0), axis=1)
        ranking = tf.where(known & (item >= 0), score - parts["score"], 0)
        return parts | {"score": parts["score"] + ranking, "ranking": ranking}

    def _popularity(self, item: Any) -> tuple[Any, float]:
        share, _ = super()._popularity(item)
        return tf.math.log(tf.maximum(share, LEAST_SHARE)), self._average_popularity

    def _is_meant(self, boost: Any, items: Any) -> Any:
        """Which boosts, by item id or `column=value`, apply to which candidates."""
        code, token = self._item_code.lookup(boost)[:, None], self._filter.tokens_of(boost)
        is_item = tf.equal(items[..., None], code) & (code >= 0)
        tokens = tf.gather(self._filter.tokens, tf.maximum(items, 0))[..., None]
        has_value = tf.equal(tokens, token[:, None, None]) & (token > 0)[:, None, None]
        # An id of the form column=value means the item.
        return is_item | (tf.reduce_any(has_value, axis=2) & (code < 0))

    def _chosen(self, score: Any, items: Any, diversity: Any, at_most: Any) -> Any:
        return diversify(
            score,
            self._k,
            vectors=self._features.vectors_of(items),
            diversity=diversity,
            categories=tf.gather(self._categories, tf.maximum(items, 0)),
            at_most=at_most,
        )

    def _told(
        self, places: Any, items: Any, score: Any, retrieval: Any, ranking: Any
    ) -> dict[str, Any]:
        is_item = places >= 0
        at = tf.maximum(places, 0)
        item, score, retrieval, ranking = (
            tf.gather(x, at, batch_dims=1) for x in (items, score, retrieval, ranking)
        )
        lowest = tf.float32.min
        return {
            **self._answer(tf.where(is_item, score, lowest), tf.where(is_item, item, -1)),
            "retrieval_score": tf.where(is_item, retrieval, lowest),
            "ranking_score": tf.where(is_item, ranking, lowest),
        }
