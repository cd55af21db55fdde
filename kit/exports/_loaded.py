"""Loaded exports: recommend, find similar items, embed."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Histories, clean_id
from kit.errors import UserError
from kit.exports._card import TwoStageCard
from kit.exports._explanation import Explanation, Reason, share_of, with_ranks
from kit.exports._item_names import ItemNames
from kit.exports._narrowed import NOT_NARROWED, Narrowed, Recommendation
from kit.exports._operations import load_version
from kit.exports._read_card import recommender_card
from kit.exports._sample_users import is_sample_user
from kit.exports._segments import Users
from kit.retrieval import MOST_EXCLUDED, explain_by_history


class LoadedExport:
    """A loaded version folder.

    Args:
        version: folder that holds saved_model.pb.
        trust: load it also if it could do what no export of this kit does.

    Raises:
        UserError: the folder is not an export of a recommender of this kit, or it is rejected.
    """

    def __init__(self, version: Path, *, trust: bool = False) -> None:
        self.card = recommender_card(version)
        self.version = version
        self._names = dict(self.card.names)
        self.items = ItemNames(self._names, str(version))
        self._model = load_version(version, trust=trust)
        self.signatures = self._model.signatures

    def recommend(
        self, user_id: str, count: int, narrowed: Narrowed = NOT_NARROWED
    ) -> tuple[list[Recommendation], list[str]]:
        """Recommendations for a user with explanations, and the history (names, latest first).

        An unknown user gets the popular list and has no history.

        Raises:
            UserError: no item has a required value.
        """
        answer = self._narrowed("recommend", narrowed, user_id=[user_id])
        history = [i.decode() for i in self._model.history_of(tf.constant(user_id)).numpy()]
        lines = self._lines(answer, count, history, user_id)
        return lines, [self.name(i) for i in history[::-1]]

    def from_history(
        self, items: list[str], count: int, narrowed: Narrowed = NOT_NARROWED
    ) -> list[Recommendation]:
        """Recommendations for a history of items.

        Raises:
            UserError: no item of the history is known, or no item has a required value.
        """
        items = [self._id(item) for item in items]
        known = list(dict.fromkeys(item for item in items if item in self._names))
        if not known:
            raise self.items.unknown(items[0])
        answer = self._narrowed("from_history", narrowed, history=[items])
        return self._lines(answer, count, known)

    def within(
        self, user_id: str | None, history: Sequence[str] | None, limits: dict[str, Any]
    ) -> pl.DataFrame:
        """What to show one user within limits: item_id, name, score, value and price.

        Args:
            user_id: None for a history.
            history: in place of a user.
            limits: the other inputs of the signature `recommend_within`.

        Raises:
            UserError: the export has no plan.
        """
        if "recommend_within" not in self.signatures:
            raise UserError(
                "The export has no plan.",
                where=str(self.version),
                expected="a version that kit plan wrote",
                remedy="Make one: kit plan FOLDER --offers FILE --arrivals LOG",
            )
        if history is None:
            answer = self._ask("recommend_within", user_id=[str(user_id)], **limits)
        else:
            asked = [[self._id(str(item)) for item in history]]
            answer = self._ask("from_history_within", history=asked, **limits)
        items = [item.decode() for item in answer["item_id"][0] if item]
        numbers = {name: answer[name][0, : len(items)] for name in ("score", "value", "price")}
        names = [self.name(item) for item in items]
        schema = {"item_id": pl.String, "name": pl.String}
        return pl.DataFrame({"item_id": items, "name": names, **numbers}, schema_overrides=schema)

    def similar(self, item_id: str, count: int) -> list[Recommendation]:
        """The nearest items.

        Raises:
            UserError: the item is unknown.
        """
        item_id = self._id(item_id)
        if item_id not in self._names:
            raise self.items.unknown(item_id)
        return self._lines(self._ask("similar_items", item_id=[item_id]), count, [])

    def explain(self, user_id: str, item_id: str) -> Explanation:
        """Why an item is recommended to a known user.

        Raises:
            UserError: the user has no history or the item is unknown, or the export does not
                explain.
        """
        item = self._explained_item(item_id)
        history = self._model.history_of(tf.constant(user_id)).numpy()
        if not len(history):
            raise UserError(
                f"The model knows no history of the user {user_id!r}.",
                where=str(self.version),
                expected="a user of its training data",
                remedy="Explain by items instead: kit explain --history ID,ID --item ID, or "
                "explain(history=[...], item=...).",
            )
        (explanation,) = self._explanations([item], user_id=user_id)
        return with_ranks(self, explanation, [one.decode() for one in history])

    def explain_history(self, history: Sequence[str], item_id: str) -> Explanation:
        """Why an item is recommended for a history.

        Raises:
            UserError: the history is empty, none of its items or not the item is known, or the
                export does not explain.
        """
        item = self._explained_item(item_id)
        items = [self._id(one) for one in history]
        if not items:
            raise UserError(
                "The history is empty.",
                where="history",
                expected="ids of items, oldest first",
                remedy="Give at least one item of the model.",
            )
        if not any(one in self._names for one in items):
            raise self.items.unknown(items[0])
        (explanation,) = self._explanations([item], history=items)
        return with_ranks(self, explanation, items)

    def users(self) -> Users:
        """The known users: vectors, histories and the names of the items.

        Raises:
            UserError: the export has no vectors of users.
        """
        if "embed_user" not in self.signatures or not hasattr(self._model, "contents"):
            raise UserError(
                "The export has no vectors of users.",
                where=str(self.version),
                expected="a model of two towers, of sequences or of factors, of this version of "
                "the kit",
                remedy="Train one: kit train two-tower.",
            )
        parts = {name: value.numpy() for name, value in self._model.contents().items()}
        ids = [one.decode() for one in parts["user_ids"]]
        rows = np.array([n for n, one in enumerate(ids) if not is_sample_user(one)], np.int64)
        owned = Histories(parts["owned_offsets"], parts["owned_items"])
        return Users(
            [ids[row] for row in rows],
            parts["user_vectors"][rows, :-1],
            owned.take(rows),
            [self.name(one.decode()) for one in parts["item_ids"]],
        )

    def contents(self) -> dict[str, NDArray[Any]] | None:
        """The parts of the graph of a one-stage model; None of others and of earlier versions."""
        if isinstance(self.card, TwoStageCard) or not hasattr(self._model, "contents"):
            return None
        return {name: value.numpy() for name, value in self._model.contents().items()}

    def reasons(
        self, user_ids: Sequence[str], item_ids: Sequence[str]
    ) -> list[tuple[list[str], float | None]]:
        """Names of what explains each item to its user, who is known, and their share."""
        return [
            ([reason.name for reason in one.because_of], one.because_share)
            for one in self._explanations([*item_ids], user_id=user_ids)
        ]

    def check_explains(self) -> None:
        """Raise `UserError` if the export does not explain its scores."""
        if "explain_history" not in self.signatures:
            raise UserError(
                "The export does not explain its scores.",
                where=str(self.version),
                expected="an export with the signature explain",
                remedy="Train it again with this version of the kit.",
            )

    def _explained_item(self, item_id: str) -> str:
        self.check_explains()
        item_id = self._id(item_id)
        if item_id not in self._names:
            raise self.items.unknown(item_id)
        return item_id

    def _explanations(
        self,
        items: list[str],
        *,
        user_id: str | Sequence[str] | None = None,
        history: Sequence[str] = (),
    ) -> list[Explanation]:
        """Why some items are recommended to a user, to one user each, or for a history."""
        if user_id is None:
            answer = self._ask("explain_history", history=[[*history]] * len(items), item_id=items)
            named = np.array([list(history)] * len(items), dtype=object)
        else:
            users = [user_id] * len(items) if isinstance(user_id, str) else user_id
            answer = self._ask("explain", user_id=users, item_id=items)
            named = np.vectorize(bytes.decode, otypes=[object])(answer["history_id"])
        encoder = getattr(self._model, "history_encoder", None)
        found = []
        for row, item in enumerate(items):
            score, base = float(answer["score"][row]), float(answer["base"][row])
            order = np.argsort(-answer["contribution"][row], kind="stable")
            reasons = [
                Reason(one, self.name(one), float(value), share_of(float(value), score - base))
                for one, value in zip(
                    named[row][order], answer["contribution"][row][order], strict=True
                )
                if one in self._names
            ]
            found.append(
                Explanation(
                    item_id=item,
                    name=self.name(item),
                    score=score,
                    rank=int(answer["rank"][row]) or None,
                    base=base,
                    parts={
                        part: float(answer[part][row])
                        for part in ("prior", "user", "history", "ranking")
                        if part in answer
                    },
                    reasons=reasons,
                    is_sum=not hasattr(encoder, "leave_one_out"),
                )
            )
        return found

    def top_lists(self, user_ids: list[str]) -> tuple[list[list[str]], NDArray[np.float32]]:
        """Item ids, best first, and scores [users, k] of many users."""
        answer = self._ask("serving_default", user_id=user_ids)
        return [[i.decode() for i in row] for row in answer["item_id"]], answer["score"]

    def lists_of_histories(
        self, histories: Sequence[Sequence[str]]
    ) -> tuple[list[list[str]], NDArray[np.float32]]:
        """Item ids, best first, and scores [rows, k] for users with these items, oldest first."""
        longest = max(map(len, histories), default=0)
        padded = [[*items, *[""] * (longest - len(items))] for items in histories]
        answer = self._ask("from_history", history=padded)
        return [[i.decode() for i in row] for row in answer["item_id"]], answer["score"]

    def lists(
        self, user_ids: Sequence[str], count: int, narrowed: Narrowed = NOT_NARROWED
    ) -> tuple[NDArray[np.object_], NDArray[np.float32]]:
        """Item ids, bytes [users, count], best first, b"" past the last; and their scores.

        Raises:
            UserError: no item has a required value.
        """
        answer = self._narrowed("recommend", narrowed, user_id=list(user_ids))
        return answer["item_id"][:, :count], answer["score"][:, :count]

    def user_ids(self) -> list[str]:
        """The known users, in the order of the model's table."""
        return self._users_with(0)

    def number_of_histories(self) -> int:
        """Of known users with an item, without synthetic ones."""
        return len(self._users_with(1))

    def popularity(self) -> dict[str, float]:
        """Item to its share of the training users; empty if the export does not hold it."""
        if not hasattr(self._model, "contents"):
            return {}
        parts = self._model.contents()
        ids = [one.decode() for one in parts["item_ids"].numpy()]
        return dict(zip(ids, parts["popularity"].numpy().tolist(), strict=True))

    def name(self, item_id: str) -> str:
        """The title of an item; its id if it has none."""
        item_id = self._id(item_id)
        return self._names.get(item_id) or item_id

    def some_users(self, count: int, seed: int = 0) -> list[str]:
        """A random sample of the known users with at least five items."""
        found = self._users_with(5)
        drawn = np.random.default_rng(seed).permutation(len(found))[:count]
        return [found[i] for i in drawn]

    def _users_with(self, least: int) -> list[str]:
        """Users with at least that many items, without synthetic ones."""
        found = [user.decode() for user in self._model.users_with(tf.constant(least)).numpy()]
        return [user for user in found if not is_sample_user(user)]

    def embeddings(self, items: list[str]) -> NDArray[np.float32]:
        """float32 [items, dim], without the bias."""
        vectors: NDArray[np.float32] = self._ask("embed_item", item_id=items)["embedding"]
        return vectors[:, :-1]

    def _id(self, item_id: str) -> str:
        """An item's id in the export; in earlier versions ids may have whitespace at their ends."""
        return item_id if item_id in self._names else clean_id(item_id)

    def _narrowed(self, name: str, narrowed: Narrowed, **inputs: Any) -> dict[str, Any]:
        if narrowed == NOT_NARROWED:
            return self._ask(name, **inputs)
        boost = tuple((self._id(about), factor) for about, factor in narrowed.boost)
        narrowed = replace(narrowed, boost=boost)
        known = [v.decode() for v in self._model.attribute_values().numpy()]
        boosted = [about for about, _ in narrowed.boost if about not in self._names]
        for option, values in (("--where", narrowed.where), ("--boost", boosted)):
            for value in values:
                if value not in known:
                    raise self._no_such_value(value, known, option)
        if name == "recommend" and len(narrowed.exclude) > MOST_EXCLUDED:
            raise UserError(
                f"{len(narrowed.exclude):,} items to leave out are too many.",
                where=str(self.version),
                expected=f"at most {MOST_EXCLUDED}, so that a user's history cannot be inferred "
                "from what is never recommended",
                remedy="Leave out fewer, or ask with a history (--item) instead of a user.",
            )
        rules = {
            "exclude": list(narrowed.exclude),
            "where": list(narrowed.where),
            **self._second_stage(narrowed),
        }
        (asked,) = inputs.values()
        repeated = {name: [rule] * len(asked) for name, rule in rules.items()}
        return self._ask(f"{name}_where", **inputs, **repeated)

    def _second_stage(self, narrowed: Narrowed) -> dict[str, Any]:
        """The inputs that only two-stage models have."""
        if not isinstance(self.card, TwoStageCard):
            if narrowed.boost or narrowed.at_most or narrowed.diversity is not None:
                raise UserError(
                    "The model has one stage: it takes no boost, limit or diversity.",
                    where=str(self.version),
                    expected="a model of kit train two-stage",
                    remedy="Leave --boost, --at-most and --diversity out.",
                )
            return {}
        stages = self.card.second_stage
        if narrowed.at_most and stages["category_column"] is None:
            raise UserError(
                "The model knows no category to limit.",
                where=str(self.version),
                expected="a model trained with --category-column",
                remedy="Leave --at-most out.",
            )
        diversity = narrowed.diversity
        return {
            "boost": [about for about, _ in narrowed.boost],
            "boost_factor": [factor for _, factor in narrowed.boost],
            "at_most": narrowed.at_most,
            "diversity": stages["diversity"] if diversity is None else diversity,
        }

    def _ask(self, signature: str, **inputs: Any) -> dict[str, Any]:
        if "user_id" in inputs and not self.card.known_users:
            raise UserError(
                "The export knows no users: it was made without them.",
                where=str(self.version),
                expected="a history of items",
                remedy="Ask with items (--item, history=[...]), or train with --known-users.",
            )
        signature = "serving_default" if signature == "recommend" else signature
        function = self.signatures[signature]
        specs = function.structured_input_signature[1]
        tensors = {name: tf.constant(value, specs[name].dtype) for name, value in inputs.items()}
        return {name: t.numpy() for name, t in function(**tensors).items()}

    def _lines(
        self,
        answer: dict[str, Any],
        count: int,
        history: list[str],
        user_id: str | None = None,
    ) -> list[Recommendation]:
        items = [item.decode() for item in answer["item_id"][0] if item][:count]
        scores = [float(score) for score in answer["score"][0]]
        reasons = (
            self._reasons(items, history, user_id)
            if history and items
            else [([], None)] * len(items)
        )
        return [
            Recommendation(item, self.name(item), score, *reason)
            for item, score, reason in zip(items, scores, reasons, strict=False)
        ]

    def _reasons(
        self, items: list[str], history: list[str], user_id: str | None
    ) -> list[tuple[list[str], float | None]]:
        """For each item the names of what explains it, and their share of the margin."""
        if "explain_history" in self.signatures:
            return [
                ([reason.name for reason in one.because_of], one.because_share)
                for one in self._explanations(items, user_id=user_id, history=history)
            ]
        nearest = explain_by_history(self.embeddings(items), self.embeddings(history))
        return [([self.name(history[place]) for place in row], None) for row in nearest]

    def _no_such_value(self, value: str, known: list[str], option: str) -> UserError:
        close = get_close_matches(value, known, n=3, cutoff=0)
        return UserError(
            f"No item has {value!r}.",
            where=str(self.version),
            expected=f"column=value, such as {', '.join(close)}"
            if close
            else "nothing: the model's items have no columns of few values",
            remedy=f"Leave {option} out, or give a value as it stands in the data.",
        )
