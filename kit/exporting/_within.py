"""Recommendations within stock, budget and contacts, in the graph of an export."""

from typing import Any

import tensorflow as tf

from kit.exporting._offers import OfferPlan, Offers
from kit.exporting._traced import traced
from kit.retrieval import ExactIndex, HybridIndex, ItemWeightsIndex, top_k, without

LIMITS = [
    tf.TensorSpec([None, None], tf.string, "item_id"),
    tf.TensorSpec([None, None], tf.float32, "stock_left"),
    tf.TensorSpec([None, None], tf.float32, "price"),
    tf.TensorSpec([None], tf.int32, "contacts"),
    tf.TensorSpec([None], tf.float32, "budget_left"),
    tf.TensorSpec([None], tf.float32, "period_left"),
]


class Within(tf.Module):
    """The signatures `recommend_within` and `from_history_within` of a `RecommenderGraph`."""

    # Of the graph.
    index: Any
    _k: int
    _user_code: Any
    _item_code: Any
    _item_ids: Any
    _popular: Any
    _owned: Any
    _seen: Any
    _exclude_seen: Any
    _query_of: Any
    _of_history: Any
    _found: Any
    _ids: Any
    _offers: Any = None

    def _hold_offers(self, plan: OfferPlan) -> None:
        """Have the signatures of a plan."""
        self._offers = Offers(plan, self._item_ids[:-1])

    @traced(when="_offers")
    def offer_plan(self) -> dict[str, Any]:
        """The plan as tensors; not a signature, so servers do not expose it."""
        arrays: dict[str, Any] = self._offers.arrays()
        return arrays

    @traced(tf.TensorSpec([None], tf.string, "user_id"), *LIMITS, when="_offers")
    def recommend_within(self, user_id: Any, *limits: Any) -> dict[str, Any]:
        """What to show a user within the limits of the request, see `Offers.best`.

        An item that `item_id` names has the stock and maybe the price of the request; others have
        those of the plan. Past the last item that is worth its price, ids are empty. See
        docs/planning.md.
        """
        code = self._user_code.lookup(user_id)
        history = self._owned(code) if self._exclude_seen else None
        return self._best_within(code >= 0, self._query_of(code), history, user_id, limits)

    @traced(tf.TensorSpec([None, None], tf.string, "history"), *LIMITS, when="_offers")
    def from_history_within(self, history: Any, *limits: Any) -> dict[str, Any]:
        """`recommend_within` for new users by their history; unknown items are ignored."""
        codes = self._item_code.lookup(history)
        key = tf.strings.reduce_join(history, axis=1, separator="\n")
        known, queries = self._of_history(codes)
        excluded = codes if self._exclude_seen else None
        return self._best_within(known, queries, excluded, key, limits)

    def _best_within(
        self, known: Any, queries: Any, excluded: Any, key: Any, limits: tuple[Any, ...]
    ) -> dict[str, Any]:
        scores, items = self.offered(known, queries, excluded, self._offers.candidates)
        code, margin, value, price = self._offers.best(
            scores,
            items,
            known,
            key,
            limits,
            excluded,
            self._item_code.lookup,
            self._k if items is None else min(self._k, items.shape[1]),
        )
        return {"item_id": self._ids(code), "score": margin, "value": value, "price": price}

    def offered(
        self, known: Any, queries: Any, history: Any, candidates: int | None
    ) -> tuple[Any, Any]:
        """Scores of what may be shown; not a signature.

        Args:
            known: bool [batch], False where the scores are those of the popular list.
            queries: of users or histories.
            history: int32 [batch, n], codes; None if nothing is excluded.
            candidates: how many items with the best scores; None takes the catalogue.

        Returns:
            Scores, float32 [batch, n], and items, int32 [batch, n], -1 for padding; None if they
            are the whole catalogue, seen items included.
        """
        if candidates is not None:
            count = min(candidates, self.index.size)
            none = tf.zeros([tf.shape(known)[0], 0], tf.int32)
            seen = none if history is None else self._seen(history)
            if self.scans_catalogue:
                # In less time than the search of the index takes for so many.
                fetched = tf.minimum(count + tf.shape(seen)[1], self.index.size)
                found = without(*top_k(self.index.scan(queries, 1)[0], fetched), seen, count)
                popular = self._popular.search(seen, count)
                pairs = zip(found, popular, strict=True)
                scores, items = (tf.where(known[:, None], own, other) for own, other in pairs)
            else:
                scores, items = self._found(known, queries, seen, None, count)
            return tf.ensure_shape(scores, [None, count]), tf.ensure_shape(items, [None, count])
        scores, _ = self.index.scan(queries, 1)

        def with_popular() -> Any:
            popular = self._popular.scores_of(None, tf.range(self.index.size))
            return tf.where(known[:, None], scores, popular)

        scores = tf.cond(tf.reduce_all(known), lambda: tf.identity(scores), with_popular)
        return tf.ensure_shape(scores, [None, self.index.size]), None

    @property
    def scans_catalogue(self) -> bool:
        """Whether the index can score the whole catalogue at once."""
        exact = ExactIndex | ItemWeightsIndex
        return isinstance(self.index, exact) or (
            isinstance(self.index, HybridIndex) and self.index.is_exact
        )
