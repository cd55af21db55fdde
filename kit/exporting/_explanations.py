"""Why an item is recommended, in the graph of an export."""

from typing import Any

import tensorflow as tf

from kit.exporting._traced import traced

UNKNOWN = -1
MOST_REASONS = 10


class Explanations(tf.Module):
    """The signatures `explain` and `explain_history` of a `RecommenderGraph`.

    Subclasses say how an item compares with the average item of the catalogue.
    """

    # Of the graph.
    _user_code: Any
    _item_code: Any
    _owned: Any
    _query_of: Any
    _of_history: Any
    _list: Any
    _ids: Any
    _popular: Any
    _average_popularity: float
    _is_sum: bool
    _explains: bool

    @traced(
        tf.TensorSpec([None], tf.string, "user_id"),
        tf.TensorSpec([None], tf.string, "item_id"),
        when="_explains",
    )
    def explain(self, user_id: Any, item_id: Any) -> dict[str, Any]:
        """Why an item is recommended to a known user, see `explained`.

        Of the history it holds the items that contribute most, largest first.
        """
        code, item = self._user_code.lookup(user_id), self._item_code.lookup(item_id)
        codes = self._owned(code)
        known, queries = code >= 0, self._query_of(code)
        parts = self.explained(known, queries, codes, item)
        rank = self._place_in(self._list(known, queries, codes), item)
        lowest = tf.float32.min
        # Nothing of the history explains an unknown item.
        codes = tf.where((item >= 0)[:, None], codes, UNKNOWN)
        contribution = tf.where(codes >= 0, parts["contribution"], lowest)
        room = [[0, 0], [0, MOST_REASONS]]
        best = tf.math.top_k(tf.pad(contribution, room, constant_values=lowest), MOST_REASONS)
        reasons = tf.gather(
            tf.pad(codes, room, constant_values=UNKNOWN), best.indices, batch_dims=1
        )
        contribution = tf.where(reasons >= 0, best.values, 0)
        history_id = self._ids(reasons)
        return parts | {"contribution": contribution, "history_id": history_id, "rank": rank}

    @traced(
        tf.TensorSpec([None, None], tf.string, "history"),
        tf.TensorSpec([None], tf.string, "item_id"),
        when="_explains",
    )
    def explain_history(self, history: Any, item_id: Any) -> dict[str, Any]:
        """Why an item is recommended for a history, see `explained`."""
        codes, item = self._item_code.lookup(history), self._item_code.lookup(item_id)
        known, queries = self._of_history(codes)
        parts = self.explained(known, queries, codes, item)
        # A history stands for a new user, of whom nothing else is known.
        del parts["user"]
        return parts | {"rank": self._place_in(self._list(known, queries, codes), item)}

    def contributions_of(self, codes: Any, item: Any) -> Any:
        """The contributions of histories int32 [batch, n] to the margin of an item [batch]."""
        known, queries = self._of_history(codes)
        return self.explained(known, queries, codes, item)["contribution"]

    def margins_of(self, codes: Any, item: Any) -> Any:
        """Margins of an item over the average one, float32 [batch], for histories [batch, n]."""
        known, queries = self._of_history(codes)
        parts = self.scored(known, queries, codes, item)
        return parts["score"] - parts["base"]

    def explained(self, known: Any, queries: Any, codes: Any, item: Any) -> dict[str, Any]:
        """The parts of an item's score; not a signature.

        Everything but the base is relative to the average item of the catalogue, whose score is the
        base: `score = base + prior + user + history`. The prior is the same for everyone, `user` is
        what is neither prior nor history. Where the score is a sum over the history, `history` is
        the sum of the contributions; elsewhere a contribution is what is lost without the item.

        Args:
            known: bool [batch], False where the list is that of an unknown user.
            queries: of users or histories.
            codes: int32 [batch, n], histories; negative codes are padding.
            item: int32 [batch]; all parts of an unknown item are 0.

        Returns:
            float32 [batch] by name, and `contribution`, float32 [batch, n].
        """
        parts = self.scored(known, queries, codes, item)
        rest = parts["score"] - sum(part for name, part in parts.items() if name != "score")
        counts = (known & (item >= 0))[:, None]
        contribution = tf.where(counts, self._contributions(codes, item), 0)
        history = tf.reduce_sum(contribution, axis=1) if self._is_sum else rest
        return {
            **parts,
            "user": rest - history,
            "history": history,
            "contribution": contribution,
        }

    def scored(self, known: Any, queries: Any, codes: Any, item: Any) -> dict[str, Any]:
        """`score`, `base` and the parts that do not depend on the items of a history."""
        score, base = self._compared(queries, codes, item)
        popularity, average = self._popularity(item)
        parts = {
            "score": tf.where(known, score, popularity),
            "base": tf.where(known, base, average),
            "prior": tf.where(known, self._prior(item), popularity - average),
        }
        return {name: tf.where(item >= 0, part, 0) for name, part in parts.items()}

    def _popularity(self, item: Any) -> tuple[Any, float]:
        """The score of an item for unknown users, float32 [batch], and that of the average item."""
        return self._popular.scores_of(None, tf.maximum(item, 0))[0], self._average_popularity

    def _place_in(self, listed: dict[str, Any], item: Any) -> Any:
        """The place of an item in a recommended list, from 1; 0 if it is not in it."""
        is_it = tf.equal(listed["item_id"], self._ids(item)[:, None]) & (item >= 0)[:, None]
        place = tf.argmax(is_it, axis=1, output_type=tf.int32)
        return tf.where(tf.reduce_any(is_it, axis=1), place + 1, 0)

    def _compared(self, queries: Any, codes: Any, item: Any) -> tuple[Any, Any]:
        """Scores of an item and of the average item for users' queries, float32 [batch]."""
        raise NotImplementedError

    def _contributions(self, codes: Any, item: Any) -> Any:
        """What a history's items add to an item's score beyond the average item's, [batch, n]."""
        raise NotImplementedError

    def _prior(self, item: Any) -> Any:
        """An item's prior beyond that of the average item, float32 [batch]."""
        raise NotImplementedError
