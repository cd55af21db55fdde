"""Expected values of showing items to users, by the graph of an export."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.exporting import OfferPlan, RecommenderParts, ScoreTable, moments, recommender_graph
from kit.exports import RecommenderCard
from kit.planning._calibration import isotonic_table
from kit.planning._prices import Candidates, Refill
from kit.planning._visits import Visits
from kit.retrieval import IndexSettings, top_k

NUMBERS_AT_ONCE = 1 << 22
# A matrix of so many numbers is kept instead of being computed again.
NUMBERS_KEPT = 1 << 26
# Candidates a user that are found at a time.
FOUND = 48
FEWEST_UNKNOWN = 200
LOWEST = np.finfo(np.float32).min


class Scores:
    """Scores of what an export may show to its users.

    Args:
        parts: of the export.
        card: of the export.
        candidates: items with the best scores for each user; None takes the catalogue.
    """

    def __init__(
        self, parts: RecommenderParts, card: RecommenderCard, candidates: int | None
    ) -> None:
        self.items = len(parts.item_ids)
        settings = IndexSettings(**card.index.get("settings", {}))
        self._parts, self._candidates = parts, candidates
        self._graph = recommender_graph(
            replace(parts, offers=None), k=1, exclude_seen=card.exclude_seen, index=settings
        )
        self._asked = tf.function(self._of, autograph=False, reduce_retracing=True)
        self._exclude_seen = card.exclude_seen
        self.width = self.items if candidates is None else min(candidates, self.items)

    @property
    def scans_catalogue(self) -> bool:
        """Whether the whole catalogue can be scored."""
        return self._graph.scans_catalogue

    def of(
        self, users: NDArray[np.integer]
    ) -> tuple[NDArray[np.float32], NDArray[np.int32] | None]:
        """Scores [users, n] and items, None for the catalogue; the lowest float is never shown.

        Scores count in standard deviations above the mean of what is scored for the same user.
        """
        scores, items = (x.numpy() for x in self._asked(tf.constant(users, tf.int32)))
        if self._candidates is None:
            if self._exclude_seen:
                owned = self._parts.owned.take(users[users >= 0])
                rows = np.flatnonzero(users >= 0)[owned.row_of_each_item]
                scores[rows, owned.items] = LOWEST
            return scores, None
        return np.where(items >= 0, scores, LOWEST), items

    def batches(self, users: NDArray[np.integer]) -> Iterator[tuple[slice, Any, Any]]:
        """Rows, scores and items of many users."""
        size = max(1, NUMBERS_AT_ONCE // max(self.items, 1))
        for start in range(0, len(users), size):
            rows = slice(start, start + size)
            yield rows, *self.of(users[rows])

    def _of(self, code: Any) -> tuple[Any, Any]:
        graph = self._graph
        queries, history = graph._query_of(code), graph._owned(code)
        scores, items = graph.offered(code >= 0, queries, history, self._candidates)
        mean, deviation = moments(scores, items)
        scores = (scores - mean) / deviation
        return scores, tf.zeros([0, 0], tf.int32) if items is None else items


class Values:
    """Expected values of showing items.

    Args:
        scores: of the export.
        known: from scores to probabilities.
        popular: the same for the popular list.
        value: float32 [items], what a purchase is worth; 0 if the item is not offered.
    """

    def __init__(
        self,
        scores: Scores,
        known: ScoreTable,
        popular: ScoreTable,
        value: NDArray[np.float32],
    ) -> None:
        self.scores, self.known, self.popular, self.value = scores, known, popular, value
        self._best = tf.function(_best, autograph=False, reduce_retracing=True)
        self._kept: dict[bytes, list[Any]] = {}

    @classmethod
    def of_plan(cls, scores: Scores, plan: OfferPlan) -> "Values":
        """The values that a plan was made with."""
        return cls(scores, plan.known, plan.popular, plan.value)

    def rows(
        self, users: NDArray[np.integer]
    ) -> Iterator[tuple[slice, NDArray[np.float32], NDArray[np.int32] | None]]:
        """Rows, values [batch, n] and items, None for the catalogue; 0 is never shown."""
        key = users.tobytes()
        if key not in self._kept:
            batches = self._computed(users)
            if len(users) * self.scores.width > NUMBERS_KEPT:
                yield from batches
                return
            # Of one set of users at a time.
            self._kept = {key: list(batches)}
        yield from self._kept[key]

    def _computed(self, users: NDArray[np.integer]) -> Iterator[tuple[slice, Any, Any]]:
        for rows, scores, items in self.scores.batches(users):
            is_known = users[rows] >= 0
            chance = np.empty_like(scores)
            chance[is_known] = self.known.of(scores[is_known])
            chance[~is_known] = self.popular.of(scores[~is_known])
            worth = self.value if items is None else self.value[np.maximum(items, 0)]
            yield rows, np.where(scores > LOWEST, chance * worth, 0).astype(np.float32), items

    def candidates(
        self, users: NDArray[np.integer], visits: NDArray[np.number]
    ) -> Candidates | Refill:
        """What can be shown to users, for `find_prices`."""
        counts = np.asarray(visits, np.float32)
        if self.scores.width < self.scores.items:
            found = [(values, items) for _, values, items in self.rows(users)]
            values, items = (np.concatenate(x) for x in zip(*found, strict=True))
            return Candidates(np.where(values > 0, items, -1), values, counts)

        def refill(asked: NDArray[np.float32]) -> tuple[Candidates, float]:
            items, values, margins = [], [], 0.0
            for rows, all_values, _ in self.rows(users):
                item, value, margin = self._best(
                    tf.constant(all_values), tf.constant(asked), min(FOUND, len(asked))
                )
                items.append(item.numpy())
                values.append(value.numpy())
                margins += float(np.maximum(margin.numpy(), 0) @ counts[rows])
            found = np.concatenate(items), np.concatenate(values)
            return Candidates(np.where(found[1] > 0, found[0], -1), found[1], counts), margins

        return refill


def _best(values: Any, asked: Any, count: int) -> tuple[Any, Any, Any]:
    """The items of the largest value less price, their values, and the largest such difference."""
    margin = tf.where(values > 0, values - asked, -1e30)
    room = -margin.shape[1] % 16
    margin = tf.pad(margin, [[0, 0], [0, room]], constant_values=-2e30)
    best, place = top_k(margin, count)
    place = tf.minimum(place, tf.shape(values)[1] - 1)
    return place, tf.gather(values, place, batch_dims=1), best[:, 0]


def calibrated(scores: Scores, visits: Visits) -> tuple[ScoreTable, ScoreTable]:
    """From scores to the probability that a visit buys the item: of known users, and of others.

    Args:
        scores: of the export.
        visits: after its training.
    """
    users, own = np.unique(visits.user[visits.user >= 0], return_inverse=True)
    counts = np.bincount(own, minlength=len(users))
    # Purchases of each pair of user and item, by a key.
    visit = visits.visit_of_each
    is_known = visits.user[visit] >= 0
    row = np.full(len(visits), -1)
    row[visits.user >= 0] = own
    keys = row[visit[is_known]] * np.int64(scores.items) + visits.bought[is_known]
    keys, bought = np.unique(keys, return_counts=True)

    class Parts:
        def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
            for rows, some, items in scores.batches(users):
                code = np.arange(scores.items)[None] if items is None else items
                sought = (
                    (np.arange(rows.start, rows.start + len(some))[:, None])
                    * np.int64(scores.items)
                    + code
                )
                place = np.minimum(np.searchsorted(keys, sought), max(len(keys) - 1, 0))
                hit = (
                    (keys[place] == sought) * bought[place] if len(keys) else np.zeros(sought.shape)
                )
                shown = some > LOWEST
                seen = np.broadcast_to(counts[rows][:, None], some.shape)
                yield some[shown], seen[shown].astype(float), hit[shown].astype(float)

    popular = visits.user < 0
    if popular.sum() < FEWEST_UNKNOWN:
        popular = np.ones(len(visits), bool)
    sold = np.bincount(visits.bought[popular[visit]], minlength=scores.items).astype(float)
    score, items = scores.of(np.array([-1]))
    code = np.arange(scores.items) if items is None else items[0]
    listed = score[0] > LOWEST
    seen = np.full(int(listed.sum()), float(popular.sum()))
    others = isotonic_table([(score[0][listed], seen, sold[code[listed]])])
    return (isotonic_table(Parts()) if len(users) else others), others
