"""The serving graph of a retrieval model: strings in, strings out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Attributes, Histories, clean_id
from kit.exporting._blanks import IdTable
from kit.exporting._encoders import FoldIn, HistoryEncoder, ItemFeatures, PooledHistory
from kit.exporting._explanations import UNKNOWN, Explanations
from kit.exporting._offers import OfferPlan
from kit.exporting._segments import SegmentCentres, Segmented
from kit.exporting._traced import Untracked, traced
from kit.exporting._within import Within
from kit.retrieval import (
    MOST_EXCLUDED,
    HybridIndex,
    IndexSettings,
    ItemFilter,
    ItemWeights,
    ItemWeightsIndex,
    PopularOrder,
    index_for,
    search_where,
    unit_rows,
)

TUNING_USERS = 1000
# Signatures that not every export has.
OF_SOME = (
    "from_timed_history",
    "explain",
    "explain_history",
    "recommend_within",
    "from_history_within",
    "segment",
    "segment_history",
)


@dataclass(frozen=True)
class RecommenderParts:
    """The arrays of a trained retrieval model that serving needs.

    Args:
        user_ids: ids of the known users.
        item_ids: ids of the catalogue.
        user_vectors: float32 [users, dim], queries of the known users, their history included;
            [users, 0] where the query is made of the history.
        item_vectors: float32 [items, dim]; the last column is the item's bias. [items, 0] of a
            linear model.
        owned: items each known user interacted with.
        popularity: float32 [items], share of the users that interacted with the item.
        attributes: item attributes that requests can filter by.
        item_features: embeds new items, or None.
        history_encoder: computes a query from a history; None, in exports of earlier versions, uses
            the mean of its vectors.
        linear: the weights of a linear model, or None.
        item_weights: item-to-item weights whose votes are added to the scores of vectors, or None.
        offers: what can be shown at which price, or None.
        segments: centres of groups of users, or None.
    """

    user_ids: Sequence[str]
    item_ids: Sequence[str]
    user_vectors: NDArray[np.float32]
    item_vectors: NDArray[np.float32]
    owned: Histories
    popularity: NDArray[np.float32]
    attributes: Attributes
    item_features: ItemFeatures | None = None
    history_encoder: HistoryEncoder | PooledHistory | FoldIn | None = None
    linear: ItemWeightsIndex | None = None
    item_weights: ItemWeights | None = None
    offers: OfferPlan | None = None
    segments: SegmentCentres | None = None


class RecommenderGraph(Explanations, Within):
    """The graph of an export, in operations that stock TensorFlow Serving has.

    Subclasses say what a query is and how the items with the best scores are found.

    Args:
        parts: the trained model, as arrays.
        k: length of the recommended lists, at most the number of items.
        exclude_seen: whether seen items of a user are not recommended.
        index: how the top items are found.
    """

    def __init__(
        self,
        parts: RecommenderParts,
        *,
        k: int,
        exclude_seen: bool,
        index: IndexSettings | None = None,
    ) -> None:
        super().__init__()
        self._k = min(k, len(parts.item_ids))
        self._exclude_seen = exclude_seen
        self._user_code = _table(parts.user_ids)
        self._item_code = _table(parts.item_ids)
        # One extra entry, so that code -1 reads the empty string.
        self._item_ids = tf.constant([*parts.item_ids, ""])
        self._index(parts, index or IndexSettings())
        self._filter = ItemFilter(parts.attributes.values, parts.attributes.tokens)
        self._popular = PopularOrder(parts.popularity)
        # One function for all signatures that search so.
        self._where = Untracked(tf.function(self._found_where, autograph=False))
        self._average_popularity = float(parts.popularity.mean())
        self._owned_offsets = _variable(parts.owned.offsets)
        self._owned_items = _variable(parts.owned.items)
        self.item_features = parts.item_features
        self.history_encoder = parts.history_encoder
        encoder = parts.history_encoder
        self._is_timed = hasattr(encoder, "timed_query")
        self._is_sum = parts.linear is not None or hasattr(encoder, "contributions")
        self._explains = self._is_sum or hasattr(encoder, "leave_one_out")

        if parts.offers is not None:
            self._hold_offers(parts.offers)

    def _index(self, parts: RecommenderParts, settings: IndexSettings) -> None:
        """Set `index` and `similar`, by which lists and similar items are found."""
        raise NotImplementedError

    def _query_of(self, code: Any) -> Any:
        """Queries of users."""
        raise NotImplementedError

    def _of_history(self, codes: Any, time: Any = None) -> tuple[Any, Any]:
        """Whether a history has a known item, and its query."""
        raise NotImplementedError

    def signatures(self) -> dict[str, Any]:
        """The signatures, by name."""
        return {name: getattr(self, name) for name in OF_SOME if hasattr(self, name)} | {
            "serving_default": self.recommend,
            "from_history": self.from_history,
            "recommend_where": self.recommend_where,
            "from_history_where": self.from_history_where,
            "similar_items": self.similar_items,
        }

    @traced(tf.TensorSpec([None], tf.string, "user_id"))
    def recommend(self, user_id: Any) -> dict[str, Any]:
        """Recommendations for known users; unknown users get the popular list."""
        code = self._user_code.lookup(user_id)
        return self._list(code >= 0, self._query_of(code), self._owned(code))

    @traced(tf.TensorSpec([None, None], tf.string, "history"))
    def from_history(self, history: Any) -> dict[str, Any]:
        """Recommendations for new users by their history; unknown items are ignored."""
        codes = self._item_code.lookup(history)
        return self._list(*self._of_history(codes), codes)

    @traced(
        tf.TensorSpec([None, None], tf.string, "history"),
        tf.TensorSpec([None, None], tf.int64, "time"),
        when="_is_timed",
    )
    def from_timed_history(self, history: Any, time: Any) -> dict[str, Any]:
        """`from_history` with the time of each interaction, in seconds since 1970."""
        codes = self._item_code.lookup(history)
        return self._best(*self._of_history(codes, time), self._seen(codes))

    @traced(
        tf.TensorSpec([None], tf.string, "user_id"),
        tf.TensorSpec([None, None], tf.string, "exclude"),
        tf.TensorSpec([None, None], tf.string, "where"),
    )
    def recommend_where(self, user_id: Any, exclude: Any, where: Any) -> dict[str, Any]:
        """`recommend` without excluded items, among those with the requested values."""
        code = self._user_code.lookup(user_id)
        excluded = [self._seen(self._owned(code)), self._item_code.lookup(bounded(exclude))]
        return self._best(code >= 0, self._query_of(code), tf.concat(excluded, axis=1), where=where)

    @traced(
        tf.TensorSpec([None, None], tf.string, "history"),
        tf.TensorSpec([None, None], tf.string, "exclude"),
        tf.TensorSpec([None, None], tf.string, "where"),
    )
    def from_history_where(self, history: Any, exclude: Any, where: Any) -> dict[str, Any]:
        """`from_history` without excluded items, among those with the requested values."""
        codes = self._item_code.lookup(history)
        excluded = [self._seen(codes), self._item_code.lookup(exclude)]
        return self._best(*self._of_history(codes), tf.concat(excluded, axis=1), where=where)

    @traced(tf.TensorSpec([None], tf.string, "item_id"))
    def similar_items(self, item_id: Any) -> dict[str, Any]:
        """Nearest other items by cosine; empty ids for an unknown item."""
        code = self._item_code.lookup(item_id)
        found = self.similar.search(self.similar.vectors_of(code), code[:, None], self._k)
        nothing = (tf.fill(tf.shape(found[0]), tf.float32.min), tf.fill(tf.shape(found[1]), -1))
        return self._answer(*_first_where(code >= 0, found, nothing))

    def queries_of(self, user_id: Any) -> Any:
        """Queries of users; not a signature."""
        return self._query_of(self._user_code.lookup(user_id))

    @traced(tf.TensorSpec([], tf.string, "user_id"))
    def history_of(self, user_id: Any) -> Any:
        """Items of one known user, oldest first; not a signature, so servers do not expose it."""
        return tf.gather(self._item_ids, self._owned(self._user_code.lookup(user_id[None]))[0])

    @traced(tf.TensorSpec([], tf.int32, "least"))
    def users_with(self, least: Any) -> Any:
        """Known users with at least that many items; not a signature."""
        count = self._owned_offsets[1:] - self._owned_offsets[:-1]
        return tf.boolean_mask(_keys(self._user_code), count >= tf.cast(least, tf.int64))

    @traced()
    def attribute_values(self) -> Any:
        """The values that `where` supports, string [n]; not a signature."""
        return self._filter.values()

    @traced()
    def contents(self) -> dict[str, Any]:
        """The parts of the graph; not a signature."""
        return self._contents()

    def _contents(self) -> dict[str, Any]:
        return {
            "user_ids": _keys(self._user_code),
            "item_ids": self._item_ids[:-1],
            "owned_offsets": self._owned_offsets.value(),
            "owned_items": self._owned_items.value(),
            "popularity": self._popular.scores_of(None, tf.range(self.index.size))[0],
            "attribute_values": self._filter.values(),
            "attribute_tokens": self._filter.tokens.value(),
        }

    def _list(self, known: Any, queries: Any, history: Any) -> dict[str, Any]:
        """The recommended list of each query, without rules."""
        return self._best(known, queries, self._seen(history))

    def _best(self, known: Any, queries: Any, excluded: Any, where: Any = None) -> dict[str, Any]:
        """The recommended list of each query; the popular list for unknown users."""
        return self._answer(*self._found(known, queries, excluded, where, self._k))

    def _found(
        self, known: Any, queries: Any, excluded: Any, where: Any, count: int
    ) -> tuple[Any, Any]:
        """Scores and items [batch, count]: of each query, or of the popular list."""
        if where is None:
            found = self.index.search(queries, excluded, count)
            popular = self._popular.search(excluded, count)
        else:
            found, popular = self._where.value(queries, excluded, where, count)
        return _first_where(known, found, popular)

    def _found_where(self, queries: Any, excluded: Any, where: Any, count: int) -> tuple[Any, Any]:
        """What matches a filter, by the queries and by popularity."""
        found, popular = (
            search_where(index, queries, excluded, count, self._filter, where)
            for index in (self.index, self._popular)
        )
        return found, popular

    def _seen(self, codes: Any) -> Any:
        return codes if self._exclude_seen else codes[:, :0]

    def _owned(self, code: Any) -> Any:
        """int32 [batch, longest], padded with -1."""
        row = tf.maximum(code, 0)
        begin = tf.gather(self._owned_offsets, row)
        length = tf.gather(self._owned_offsets, row + 1) - begin
        length = tf.where(code >= 0, length, 0)
        column = tf.range(tf.reduce_max(tf.pad(length, [[0, 1]])))
        filled = column < length[:, None]
        place = tf.where(filled, begin[:, None] + column, 0)
        return tf.where(filled, tf.gather(self._owned_items, place), UNKNOWN)

    def _answer(self, scores: Any, items: Any) -> dict[str, Any]:
        return {"item_id": self._ids(items), "score": scores}

    def _ids(self, items: Any) -> Any:
        return tf.gather(self._item_ids, tf.where(items < 0, len(self._item_ids) - 1, items))


class Recommender(Segmented, RecommenderGraph):
    """`RecommenderGraph` whose queries and items are vectors.

    Args:
        parts: the trained model, as arrays.
        k: length of the recommended lists, at most the number of items.
        exclude_seen: whether seen items of a user are not recommended.
        index: how the top items are found.
    """

    def _index(self, parts: RecommenderParts, settings: IndexSettings) -> None:
        some = np.random.default_rng(0).permutation(len(parts.user_ids))[:TUNING_USERS]
        longest = int(parts.owned.lengths[some].max(initial=0)) if self._exclude_seen else 0
        owned = parts.owned.padded(some, length=longest, shift=1) - 1
        self._users = _variable(parts.user_vectors)
        self.index: Any = index_for(settings, parts.item_vectors, parts.user_vectors[some], owned)
        if parts.item_weights is not None:
            weights = ItemWeightsIndex(parts.item_weights, np.zeros(self.index.size))
            self.index = HybridIndex(self.index, weights)
        self._average = _variable(parts.item_vectors.mean(axis=0))
        if parts.segments is not None:
            self._hold_segments(parts.segments)
        unit = unit_rows(parts.item_vectors[:, :-1])
        itself = np.arange(len(unit), dtype=np.int32)[:, None]
        self.similar: Any = index_for(settings, unit, unit, itself)

    def signatures(self) -> dict[str, Any]:
        embeddings = {"embed_user": self.embed_user, "embed_item": self.embed_item}
        return super().signatures() | embeddings

    @traced(tf.TensorSpec([None], tf.string, "user_id"))
    def embed_user(self, user_id: Any) -> dict[str, Any]:
        """The query vector; zeros and the constant 1 for an unknown user."""
        return {"embedding": self._user_vectors(self._user_code.lookup(user_id))}

    @traced(tf.TensorSpec([None], tf.string, "item_id"))
    def embed_item(self, item_id: Any) -> dict[str, Any]:
        """The item's vector, its bias last; zeros for an unknown item."""
        return {"embedding": self.index.vectors_of(self._item_code.lookup(item_id))}

    def _contents(self) -> dict[str, Any]:
        weights = self.index.weights.arrays() if isinstance(self.index, HybridIndex) else {}
        return super()._contents() | {
            **{f"item_weights/{name}": values for name, values in weights.items()},
            "user_vectors": self._users.value(),
            "item_vectors": self.index.vectors_of(tf.range(self.index.size)),
        }

    def _query_of(self, code: Any) -> Any:
        return self._with_votes(self._user_vectors(code), self._owned(code))

    def _with_votes(self, vectors: Any, codes: Any) -> Any:
        if isinstance(self.index, HybridIndex):
            return self.index.query(vectors, codes)
        return vectors

    def _user_vectors(self, code: Any) -> Any:
        known = tf.cast(code >= 0, tf.float32)[:, None]
        return _with_bias(tf.gather(self._users, tf.maximum(code, 0)) * known)

    def _of_history(self, codes: Any, time: Any = None) -> tuple[Any, Any]:
        known, vectors = codes >= 0, self.index.vectors_of(codes)
        count = tf.math.count_nonzero(known, axis=1, keepdims=True, dtype=tf.float32)
        encoder = self.history_encoder
        if encoder is None:
            query = _with_bias(tf.reduce_sum(vectors, axis=1) / tf.maximum(count, 1))
        elif time is None:
            query = encoder.query(vectors, known)
        else:
            query = encoder.timed_query(vectors, known, time)
        return count[:, 0] > 0, self._with_votes(query, codes)

    def _compared(self, queries: Any, codes: Any, item: Any) -> tuple[Any, Any]:
        width = self._average.shape[0]
        vectors, votes = queries[:, :width], queries[:, width:]
        score = tf.reduce_sum(vectors * self.index.vectors_of(item), axis=1)
        base = tf.linalg.matvec(vectors, self._average)
        if isinstance(self.index, HybridIndex):
            score += tf.gather(votes, tf.maximum(item, 0), batch_dims=1)
            base += tf.reduce_mean(votes, axis=1)
        return score, base

    def _contributions(self, codes: Any, item: Any) -> Any:
        encoder: Any = self.history_encoder
        contributions = (encoder.contributions if self._is_sum else encoder.leave_one_out)(
            self.index.vectors_of(codes), codes >= 0, self.index.vectors_of(item) - self._average
        )
        if isinstance(self.index, HybridIndex):
            weights = self.index.weights
            contributions += weights.votes(codes, item) - weights.average_votes(codes)
        return contributions

    def _prior(self, item: Any) -> Any:
        return self.index.vectors_of(item)[:, -1] - self._average[-1]


def bounded(exclude: Any) -> Any:
    """Items to exclude for known users; an error if they are too many."""
    count = tf.math.count_nonzero(tf.not_equal(exclude, ""), axis=1)
    message = f"recommend_where leaves out at most {MOST_EXCLUDED} items of exclude"
    is_few = tf.debugging.Assert(tf.reduce_all(count <= MOST_EXCLUDED), [message])
    with tf.control_dependencies([is_few]):
        return tf.identity(exclude)


def _first_where(
    condition: Any, first: tuple[Any, Any], second: tuple[Any, Any]
) -> tuple[Any, Any]:
    return (
        tf.where(condition[:, None], first[0], second[0]),
        tf.where(condition[:, None], first[1], second[1]),
    )


def _with_bias(vectors: Any) -> Any:
    return tf.concat([vectors[:, :-1], tf.ones_like(vectors[:, :1])], axis=1)


def _variable(value: NDArray[np.generic]) -> tf.Variable:
    return tf.Variable(value, trainable=False)


def _table(ids: Sequence[str]) -> tf.lookup.StaticHashTable:
    codes = tf.range(len(ids), dtype=tf.int32)
    initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(list(ids)), codes)
    # Ids in exports of earlier versions may have whitespace at their ends.
    are_clean = all(one == clean_id(one) for one in ids)
    kind = IdTable if are_clean else tf.lookup.StaticHashTable
    return kind(initializer, default_value=UNKNOWN)


def _keys(table: Any) -> Any:
    """The keys of a table, in order."""
    ids, codes = (tf.reshape(x, [-1]) for x in table.export())
    return tf.gather(ids, tf.argsort(codes))
