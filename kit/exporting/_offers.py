"""Offers in the graph of an export: items ranked by their value less their price."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.retrieval import among, top_k

# A price above every value: of what is not offered, out of stock or too expensive for the budget.
NEVER = 1e30
# The value may fall short of the price by this share of itself: both are rounded to float32.
ROUNDING = 1e-6
# How far a hash of user and item moves an item, as a share of the largest value of the list.
TIE = 1e-6
HASHES = 4096
# Those who bid most in a sample of visits bid more than those of later ones. Prices that nothing
# corrects are lower by so much: measured, see results/planning.json.
STATIC = 0.9
"""Static prices as a share of those that were found, which suit the visits they were found on."""
LEAST_LEFT = 1e-6
# Of the variance of scores, which are the same for all items of a user without any interaction.
SMALLEST = 1e-8


@dataclass(frozen=True)
class ScoreTable:
    """A non-decreasing function from scores to probabilities, linear between a few scores.

    Scores count in standard deviations above the mean of what is scored for the same user.

    Args:
        at: float32 [n], increasing, n at least 2; the probability is constant beyond its ends.
        probability: float32 [n], non-decreasing.

    Example:

    >>> table = ScoreTable(np.float32([0, 0.5, 1]), np.float32([0, 0.2, 0.6]))
    >>> table.of(np.float32([-1, 0.75, 9])).tolist() == np.float32([0, 0.4, 0.6]).tolist()
    True
    """

    at: NDArray[np.float32]
    probability: NDArray[np.float32]

    def of(self, scores: NDArray[np.floating]) -> NDArray[np.float32]:
        """Probabilities of scores, float32 of the same shape."""
        return np.asarray(np.interp(scores, self.at, self.probability), np.float32)

    def hinges(self, count: int) -> NDArray[np.float32]:
        """The same as a sum: float32 [2, count + 1], where it bends, and by how much.

        The last entry has no slope: the end of the scores, and the least probability.
        """
        slopes = np.diff(self.probability.astype(np.float64)) / np.diff(self.at)
        bends = np.diff(slopes, prepend=0)
        room = (0, count - len(bends))
        ends = [self.at[-1], self.probability[0]]
        at = np.append(np.pad(self.at[:-1], room), ends[0])
        return np.stack([at, np.append(np.pad(bends, room), ends[1])]).astype(np.float32)


@dataclass(frozen=True)
class OfferPlan:
    """What can be shown to whom at which price, arrays over the catalogue.

    Args:
        value: float32 [items], what a purchase of the item is worth; 0 if it is not offered.
        cost: float32 [items], what showing it takes from the budget.
        price: float32 [items], of its stock: what showing it has to be worth at least, beside what
            it takes from the budget.
        stock: float32 [items], how often it could be shown when the prices were found.
        member: float32 [shares, items], 1 where an item counts for a minimum share.
        visits: float32 [users + 1], visits of each known user that the prices were found with; the
            last is that of unknown users.
        budget: what could be spent, or None.
        budget_price: what a unit of the budget has to bring.
        follow: how much prices move with the stock that is left, see `Offers.best`.
        known: from scores of known users and histories to the probability of a purchase.
        popular: the same from the scores of the popular list, which unknown users get.
        contacts: how often a user may be shown something, or None.
        candidates: items with the best scores that are ranked by value; None takes all items.
    """

    value: NDArray[np.float32]
    cost: NDArray[np.float32]
    price: NDArray[np.float32]
    stock: NDArray[np.float32]
    member: NDArray[np.float32]
    visits: NDArray[np.float32]
    known: ScoreTable
    popular: ScoreTable
    budget: float | None = None
    budget_price: float = 0.0
    follow: float = 0.2
    contacts: int | None = None
    candidates: int | None = None

    @classmethod
    def unpacked(cls, arrays: Mapping[str, NDArray[Any]]) -> "OfferPlan":
        """The plan of what `Offers.arrays` gave."""
        tables = {
            name: ScoreTable(arrays[f"{name}/at"], arrays[f"{name}/probability"])
            for name in ("known", "popular")
        }
        own: dict[str, Any] = {
            one.name: arrays[one.name] for one in fields(cls) if one.name in arrays
        }
        counts = {name: int(own[name]) or None for name in ("contacts", "candidates")}
        numbers = {name: float(own[name]) for name in ("budget", "budget_price", "follow")}
        numbers["budget"] = numbers["budget"] or None  # type: ignore[assignment]
        return cls(**(own | counts | numbers | tables))

    def for_users(self, count: int) -> "OfferPlan":
        """With room for more known users, who have no visits."""
        visits = np.zeros(count + 1, np.float32)
        visits[: len(self.visits) - 1], visits[-1] = self.visits[:-1], self.visits[-1]
        return replace(self, visits=visits)


def moments(scores: Any, items: Any) -> tuple[Any, Any]:
    """Mean and standard deviation of each row, [batch, 1], by which scores compare between users.

    Args:
        scores: float32 [batch, n].
        items: int32 [batch, n], -1 for padding; None if there is none.
    """
    if items is None:
        mean = tf.reduce_mean(scores, axis=1, keepdims=True)
        square = tf.reduce_mean(tf.square(scores), axis=1, keepdims=True)
    else:
        scores = tf.where(items >= 0, scores, 0)
        count = tf.maximum(tf.reduce_sum(tf.cast(items >= 0, tf.float32), 1, keepdims=True), 1)
        mean = tf.reduce_sum(scores, axis=1, keepdims=True) / count
        square = tf.reduce_sum(tf.square(scores), axis=1, keepdims=True) / count
    return mean, tf.sqrt(tf.maximum(square - tf.square(mean), SMALLEST))


def lowered(price: NDArray[np.float32], level: float) -> NDArray[np.float32]:
    """Prices times a level; what is below 0, for minimum shares, stays."""
    return np.asarray(np.where(price > 0, level * price, price), np.float32)


class Offers(tf.Module):
    """Ranks items within the limits of a request.

    Args:
        plan: the offers and their prices.
        item_ids: of the catalogue.
    """

    def __init__(self, plan: OfferPlan, item_ids: Any) -> None:
        super().__init__()
        self.candidates = plan.candidates
        self._contacts = plan.contacts
        self._budget, self._budget_price = plan.budget, plan.budget_price
        self._follow = plan.follow
        self._value, self._cost, self._price, self._stock, self._member, self._visits = (
            tf.Variable(x, trainable=False)
            for x in (plan.value, plan.cost, plan.price, plan.stock, plan.member, plan.visits)
        )
        is_shown = (plan.value > 0) & (plan.stock >= 1)
        asked = np.where(is_shown, lowered(plan.price, STATIC), NEVER).astype(np.float32)
        self._asked = tf.Variable(asked, trainable=False)
        self._tables = {
            f"{name}/{part}": tf.Variable(values, trainable=False)
            for name, table in (("known", plan.known), ("popular", plan.popular))
            for part, values in (("at", table.at), ("probability", table.probability))
        }
        tables = (plan.popular, plan.known)
        bends = max(len(table.at) for table in tables) - 1
        hinges = np.stack([table.hinges(bends) for table in tables])
        self._hinges = tf.Variable(hinges, trainable=False)
        # Odd numbers, so that no multiple of them repeats within the hashes of users.
        odd = 2 * tf.strings.to_hash_bucket_fast(item_ids, HASHES // 2) + 1
        self._odd = tf.Variable(tf.cast(odd, tf.float32) / HASHES, trainable=False)

    def arrays(self) -> dict[str, Any]:
        """The plan as tensors, see `OfferPlan.unpacked`."""
        names = ("value", "cost", "price", "stock", "member", "visits")
        return {
            **{name: getattr(self, f"_{name}").value() for name in names},
            **{name: values.value() for name, values in self._tables.items()},
            "budget": tf.constant(self._budget or 0.0),
            "budget_price": tf.constant(self._budget_price),
            "follow": tf.constant(self._follow),
            "contacts": tf.constant(self._contacts or 0),
            "candidates": tf.constant(self.candidates or 0),
        }

    def values(self, scores: Any, items: Any, known: Any) -> Any:
        """Expected values of showing items, float32 [batch, n].

        Args:
            scores: float32 [batch, n].
            items: int32 [batch, n], codes, -1 for padding; None if they are the catalogue.
            known: bool [batch], whether scores are those of a user or history, not of the popular
                list.
        """
        mean, deviation = moments(scores, items)
        at, bend = tf.unstack(tf.gather(self._hinges, tf.cast(known, tf.int32)), axis=1)
        # The table moves to the scores, which are many.
        at = mean + deviation * at
        scores = tf.minimum(scores, at[:, -1:])
        # A sum of hinges takes a third of the time of looking a table up. All at once are few
        # operations, which count in requests of one user.
        hinges = tf.nn.relu(scores[:, None] - at[:, :-1, None])
        slopes = (bend[:, :-1] / deviation)[:, :, None]
        probability = bend[:, -1:] + tf.reduce_sum(slopes * hinges, axis=1)
        return probability * self._of(self._value, items)

    def best(
        self,
        scores: Any,
        items: Any,
        known: Any,
        key: Any,
        limits: tuple[Any, Any, Any, Any, Any, Any],
        excluded: Any,
        code_of: Any,
        k: int,
    ) -> tuple[Any, Any, Any, Any]:
        """The items to show, best first.

        Args:
            scores: float32 [batch, n].
            items: int32 [batch, n], codes, -1 for padding; None if they are the catalogue.
            known: bool [batch], see `values`.
            key: string [batch], what ties are broken by, together with the item.
            limits: ids of items, string [batch, m], with the stock left of them, float32 [batch,
                m], and maybe their prices, float32 [batch, m or 0]; contacts, int32 [batch]; what
                is left of the budget, float32 [batch]; and the share of the plan's visits that is
                still to come, float32 [batch], by which prices of these items follow what is left,
                or 0 or less, and they do not.
            excluded: int32 [batch, l], items of the catalogue that must not be shown, or None;
                items in a list are those that may be.
            code_of: a function from ids of items to their codes, -1 for unknown ones.
            k: length of the lists.

        Returns:
            Codes, -1 past the last one; value less price, value, and price, float32 [batch, k].
        """
        named, stock, price, contacts, budget, period = limits
        asked = self._asked_of(items, code_of, named, stock, price, period[:, None])
        if self._budget is not None:
            costs = self._of(self._cost, items)
            left = self._level(budget / self._budget, period, 1.0)
            asked += self._budget_price * costs * left[:, None]
            asked = tf.where(costs > budget[:, None], NEVER, asked)
        values = self.values(scores, items, known)
        if items is None:
            # As many more are fetched as may be excluded.
            more = 0 if excluded is None else tf.shape(excluded)[1]
            margin, code = top_k(values - asked, tf.minimum(k + more, scores.shape[1]))
            value = tf.gather(values, code, batch_dims=1)
            is_shown = True if excluded is None else ~among(code, excluded)
        else:
            margin, place = top_k(values - asked, k)
            code = tf.gather(items, place, batch_dims=1)
            value = tf.gather(values, place, batch_dims=1)
            is_shown = code >= 0
        is_shown = is_shown & (margin + ROUNDING * value >= 0)
        if self._contacts is not None:
            is_shown &= (contacts < self._contacts)[:, None]
        lowest = margin.dtype.min
        # One more search leaves out what is not shown and puts ties in the order of the user.
        best = tf.math.top_k(tf.where(is_shown, margin + self._turn(code, value, key), lowest), k)
        is_shown = best.values > lowest
        code, margin, value = (
            tf.where(is_shown, tf.gather(x, best.indices, batch_dims=1), nothing)
            for x, nothing in ((code, -1), (margin, lowest), (value, 0.0))
        )
        return code, margin, value, tf.where(is_shown, value - margin, 0)

    def _of(self, values: Any, items: Any) -> Any:
        """Values of items; of the padding, those of the first one."""
        return values[None] if items is None else tf.gather(values, tf.maximum(items, 0))

    def _level(self, left: Any, period: Any, static: float) -> Any:
        """A factor of prices: the more is left for the rest of the period, the lower."""
        ratio = tf.maximum(left, LEAST_LEFT) / tf.maximum(period, LEAST_LEFT)
        return tf.where(period > 0, tf.maximum(1 - self._follow * tf.math.log(ratio), 0), static)

    def _asked_of(
        self, items: Any, code_of: Any, ids: Any, stock: Any, price: Any, period: Any
    ) -> Any:
        """Prices of items, [batch, n] or [1, n], with those that the request states."""

        def stated() -> Any:
            named = code_of(ids)
            batch = tf.shape(named)[0]
            own = tf.broadcast_to(self._asked[None], [batch, self._asked.shape[0]])
            code = tf.maximum(named, 0)

            def followed() -> Any:
                left = stock / tf.maximum(tf.gather(self._stock, code), 1)
                own_price = tf.gather(self._price, code)
                level = self._level(left, period, STATIC)
                return tf.where(own_price > 0, level * own_price, own_price)

            given = tf.cond(tf.size(price) > 0, lambda: price, followed)
            is_left = (stock >= 1) & (tf.gather(self._value, code) > 0)
            given = tf.where(is_left, given, NEVER)
            row = tf.broadcast_to(tf.range(batch)[:, None], tf.shape(named))
            known = tf.where(named >= 0)
            places = tf.stack([tf.gather_nd(row, known), tf.gather_nd(named, known)], axis=1)
            own = tf.tensor_scatter_nd_update(own, places, tf.gather_nd(given, known))
            return own if items is None else tf.gather(own, tf.maximum(items, 0), batch_dims=1)

        def planned() -> Any:
            return tf.identity(self._of(self._asked, items))

        asked = tf.cond(tf.size(ids) > 0, stated, planned)
        asked = tf.ensure_shape(asked, [None, None if items is not None else self._asked.shape[0]])
        return asked if items is None else tf.where(items < 0, NEVER, asked)

    def _turn(self, code: Any, value: Any, key: Any) -> Any:
        """What moves equal items of a list, so that each user has an order of them anew."""
        user = tf.cast(tf.strings.to_hash_bucket_fast(key, HASHES), tf.float32)
        turn = user[:, None] * tf.gather(self._odd, tf.maximum(code, 0))
        least = TIE * tf.reduce_max(value, axis=1, keepdims=True)
        return least * tf.math.floormod(turn, 1.0)
