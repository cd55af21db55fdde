"""Query exports from Python: DataFrames in and out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import tensorflow as tf

from kit.data import Dataset
from kit.errors import UserError
from kit.exports._batch import BatchLists
from kit.exports._card import (
    CustomerValueCard,
    ForecastingCard,
    RecommenderCard,
)
from kit.exports._customer_value import CustomerValues
from kit.exports._explanation import Explanation
from kit.exports._forecast import SeriesForecaster
from kit.exports._loaded import LoadedExport
from kit.exports._narrowed import Narrowed, Recommendation
from kit.exports._predictor import Predictor
from kit.exports._read_card import read_card
from kit.exports._segments import Segments, segment_users
from kit.exports._version_folder import version_folder

# More than any budget.
PLENTY = 1e30


def load_export(
    folder: Path, *, trust: bool = False
) -> "Recommender | Predictor | SeriesForecaster | CustomerValues":
    """Load an export for queries.

    Args:
        folder: a version folder, or a model's folder, of which the latest version is loaded.
        trust: load it even if it could do what no export of this kit does.

    Raises:
        UserError: there is no export, it was changed, or it should not be loaded.
    """
    version = version_folder(folder)
    card = read_card(version)
    if isinstance(card, ForecastingCard):
        return SeriesForecaster(version, trust=trust)
    if isinstance(card, CustomerValueCard):
        return CustomerValues(version, trust=trust)
    kind = Recommender if isinstance(card, RecommenderCard) else Predictor
    return kind(version, trust=trust)


class Recommender:
    """An export that recommends items.

    Args:
        version: its folder.
        trust: load it even if it could do what no export of this kit does.

    Attributes:
        card: of the export.
    """

    def __init__(self, version: Path, *, trust: bool = False) -> None:
        self._export = LoadedExport(version, trust=trust)
        self.card, self.version = self._export.card, version

    def recommend(
        self,
        user: str | Sequence[str] | None = None,
        *,
        history: Sequence[str] | None = None,
        all_users: bool = False,
        k: int = 10,
        exclude: Sequence[str] = (),
        where: Sequence[str] = (),
        boost: Mapping[str, float] | None = None,
        at_most: int = 0,
        diversity: float | None = None,
    ) -> Any:
        """The next items of a user, of a history, or of all users.

        Args:
            user: an id, or several; an unknown user gets the popular items.
            history: ids of items, oldest first, in place of a user.
            all_users: all users that the model knows, in place of one; lists of one-stage models
                may then be longer than those of the export.
            k: number of items.
            exclude: ids of items to exclude.
            where: `column=value` that the items must have.
            boost: for two-stage models: item or `column=value` to the factor of its odds.
            at_most: for two-stage models: maximum items of one category; 0 is no limit.
            diversity: for two-stage models: 0 to 1; None uses that of the export.

        Returns:
            A row for each item, best first: item_id, name, score, because_of and because_share,
            the share of the margin over the average item that those carry; with a leading column
            user_id for several users. For all users an iterator of frames with a row for each user
            and item: user_id, rank, item_id, name and score.

        Raises:
            UserError: not one of user, history and all_users is given, no item of the history is
                known, or no item has such a value.
        """
        if (user is not None) + (history is not None) + all_users != 1:
            raise UserError(
                "Give one of user, history and all_users.",
                where="recommend",
                expected='recommend(user="42"), recommend(history=["A1", "B2"]) or '
                "recommend(all_users=True)",
            )
        if not all_users:
            _check_count(k, self.card.k)
        narrowed = Narrowed(
            tuple(exclude), tuple(where), tuple((boost or {}).items()), at_most, diversity
        )
        if all_users:
            lists = BatchLists(self._export, None, k, narrowed)
            return (_with_names(frame) for frame in lists.frames())
        if history is not None:
            return _frame(self._export.from_history([*map(str, history)], k, narrowed))
        if isinstance(user, str) or not isinstance(user, Sequence):
            return _frame(self._export.recommend(str(user), k, narrowed)[0])
        frames = [
            _frame(self._export.recommend(str(one), k, narrowed)[0]).select(
                pl.lit(str(one)).alias("user_id"), pl.all()
            )
            for one in user
        ]
        return pl.concat(frames)

    def explain(
        self, user: str | None = None, *, item: str, history: Sequence[str] | None = None
    ) -> Explanation:
        """Why an item is recommended, or is not: the parts of its score.

        Args:
            user: an id.
            item: id of the item.
            history: ids of items, oldest first, in place of a user.

        Raises:
            UserError: neither or both of user and history are given, one of them or the item is
                unknown, or the export does not explain.
        """
        if (user is None) == (history is None):
            raise UserError(
                "Give one of user and history.",
                where="explain",
                expected='explain(user="42", item="A1") or explain(history=["B2"], item="A1")',
            )
        if history is not None:
            return self._export.explain_history([*map(str, history)], str(item))
        return self._export.explain(str(user), str(item))

    def recommend_within(
        self,
        user: str | None = None,
        *,
        history: Sequence[str] | None = None,
        k: int = 10,
        stock_left: Mapping[str, float] | None = None,
        price: Mapping[str, float] | None = None,
        contacts: int = 0,
        budget_left: float | None = None,
        period_left: float = 0.0,
    ) -> pl.DataFrame:
        """What to show a user within stock, budget and contacts, by a plan of `kit.plan`.

        Args:
            user: an id; an unknown user gets popular items.
            history: ids of items, oldest first, in place of a user.
            k: number of items.
            stock_left: item to its stock; others have that of the plan.
            price: item to its price in place of the plan's; the same items as `stock_left`.
            contacts: how often the user was shown something within the days of the limit.
            budget_left: what is left of the budget; None is enough.
            period_left: share of the plan's visits that is still to come: prices of the items of
                `stock_left` follow what is left. 0 keeps the plan's prices.

        Returns:
            A row for each item that is worth its price, best first: item_id, name, score, value and
            price; the score is value less price.

        Raises:
            UserError: neither or both of user and history are given, the export has no plan, or
                prices are of other items than the stock.
        """
        if (user is None) == (history is None):
            raise UserError(
                "Give one of user and history.",
                where="recommend_within",
                expected='recommend_within(user="42") or recommend_within(history=["A1", "B2"])',
            )
        _check_count(k, self.card.k)
        left, own = dict(stock_left or {}), dict(price or {})
        if own and own.keys() != left.keys():
            raise UserError(
                "Prices are of other items than the stock.",
                where="recommend_within",
                expected="stock_left and price of the same items",
            )
        names = list(left)
        limits = {
            "item_id": [names],
            "stock_left": [[float(left[name]) for name in names]],
            "price": [[float(own[name]) for name in own and names]],
            "contacts": [contacts],
            "budget_left": [PLENTY if budget_left is None else budget_left],
            "period_left": [period_left],
        }
        return self._export.within(user, history, limits)[:k]

    def similar(self, item: str, *, k: int = 10) -> pl.DataFrame:
        """The nearest items: item_id, name, score.

        Raises:
            UserError: the item is unknown.
        """
        _check_count(k, self.card.k)
        return _frame(self._export.similar(str(item), k)).drop("because_of", "because_share")

    def segment(
        self, user: str | None = None, *, history: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """The segment of a user, of a version that `kit segments` wrote.

        Args:
            user: an id.
            history: ids of items, oldest first, in place of a user.

        Returns:
            `segment`, a number from 1, 0 for an unknown user or history; its `name`; and
            `distance`, from 0 to 2, between the user's vector of length 1 and the centre.

        Raises:
            UserError: neither or both of user and history are given, or the export has no segments.
        """
        if (user is None) == (history is None):
            raise UserError(
                "Give one of user and history.",
                where="segment",
                expected='segment(user="42") or segment(history=["A1", "B2"])',
            )
        if "segment_history" not in self._export.signatures:
            raise UserError(
                "The export has no segments.",
                where=str(self._export.version),
                expected="a version that kit segments wrote",
                remedy="Make one: kit segments FOLDER",
            )
        if history is None:
            answer = self._export.signatures["segment"](user_id=tf.constant([str(user)]))
        else:
            items = tf.constant([[*map(str, history)]], tf.string, shape=[1, len(history)])
            answer = self._export.signatures["segment_history"](history=items)
        found = {name: values[0].numpy() for name, values in answer.items()}
        return {
            "segment": int(found["segment"]),
            "name": found["name"].decode(),
            "distance": float(found["distance"]),
        }

    def segments(
        self, count: int = 8, *, log: Dataset | None = None, by: str = "vectors", seed: int = 0
    ) -> Segments:
        """Groups of users who like similar items, described, and whether the groups repeat.

        Args:
            count: of segments.
            log: interactions that describe them further, by times and weights.
            by: "vectors", the user vectors; or "rfm", recency, frequency and amount in the log.
            seed: of the first centres.

        Raises:
            UserError: the export has no user vectors, there are too few users, or the log has no
                times for "rfm".
        """
        if by not in ("vectors", "rfm"):
            raise UserError(f"Unknown basis {by!r}.", where="by", expected="vectors or rfm")
        return segment_users(self._export.users(), count, log=log, by=by, seed=seed)

    def __repr__(self) -> str:
        return f"Recommender({self.card.recipe}, {len(self.card.names):,} items)"


def _check_count(k: int, most: int) -> None:
    if not 1 <= k <= most:
        raise UserError(
            f"The export gives at most {most} items; got k = {k}.",
            where="k",
            expected=f"1 to {most}",
            remedy="Export it with a larger top.",
        )


def _with_names(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame of `BatchLists` with the column `name`: the title, or the id where there is none."""
    title = pl.col("title") if "title" in frame.columns else pl.lit(None, pl.String)
    name = pl.coalesce(title, "item_id").alias("name")
    return frame.select("user_id", "rank", "item_id", name, "score")


def _frame(rows: Sequence[Recommendation]) -> pl.DataFrame:
    schema: dict[str, Any] = {
        "item_id": pl.String,
        "name": pl.String,
        "score": pl.Float64,
        "because_of": pl.List(pl.String),
        "because_share": pl.Float64,
    }
    return pl.DataFrame([vars(row) for row in rows], schema=schema)
