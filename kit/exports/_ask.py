"""Query exports from Python: DataFrames in and out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Dataset
from kit.data.table import RankingRows, schema_from, to_label, typed
from kit.errors import UserError
from kit.exports._card import (
    CustomerValueCard,
    ForecastingCard,
    RecommenderCard,
    TabularCard,
)
from kit.exports._customer_value import CustomerValues
from kit.exports._drivers import Drivers, correlated_groups, measure_drivers
from kit.exports._explanation import Explanation
from kit.exports._forecast import SeriesForecaster
from kit.exports._inputs import raw_inputs, tensor_names
from kit.exports._loaded import LoadedExport, Narrowed, Recommendation
from kit.exports._operations import load_version
from kit.exports._read_card import read_card
from kit.exports._segments import Segments, segment_users
from kit.exports._version_folder import version_folder
from kit.metrics import log_losses

ROWS_AT_ONCE = 256
MEASURED_AT_ONCE = 4096
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
        k: int = 10,
        exclude: Sequence[str] = (),
        where: Sequence[str] = (),
        boost: Mapping[str, float] | None = None,
        at_most: int = 0,
        diversity: float | None = None,
    ) -> pl.DataFrame:
        """The next items of a user, or of a history.

        Args:
            user: an id, or several; an unknown user gets the popular items.
            history: ids of items, oldest first, in place of a user.
            k: number of items.
            exclude: ids of items to exclude.
            where: `column=value` that the items must have.
            boost: for two-stage models: item or `column=value` to the factor of its odds.
            at_most: for two-stage models: maximum items of one category; 0 is no limit.
            diversity: for two-stage models: 0 to 1; None uses that of the export.

        Returns:
            A row for each item, best first: item_id, name, score, because_of and because_share,
            the share of the margin over the average item that those carry; with a leading column
            user_id for several users.

        Raises:
            UserError: neither or both of user and history are given, no item of the history is
                known, or no item has such a value.
        """
        if (user is None) == (history is None):
            raise UserError(
                "Give one of user and history.",
                where="recommend",
                expected='recommend(user="42") or recommend(history=["A1", "B2"])',
            )
        _check_count(k, self.card.k)
        narrowed = Narrowed(
            tuple(exclude), tuple(where), tuple((boost or {}).items()), at_most, diversity
        )
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


class Predictor:
    """An export that predicts for rows, images or texts.

    Args:
        version: its folder.
        trust: load it even if it could do what no export of this kit does.

    Attributes:
        card: of the export.
    """

    def __init__(self, version: Path, *, trust: bool = False) -> None:
        self.card, self.version = read_card(version), version
        # The signature needs the tables of its model, so the model must not be collected.
        self._model = load_version(version, trust=trust)
        self._signature = self._model.signatures["serving_default"]
        specs = self._signature.structured_input_signature[1]
        self._columns = {name: spec.dtype for name, spec in specs.items()}

    def predict(self, rows: Any) -> pl.DataFrame:
        """Predict.

        Args:
            rows: for tables a DataFrame of polars or pandas or a dict of columns; for images
                paths, encoded bytes or uint8 arrays [height, width, channels]; for texts strings.

        Returns:
            A row for each input: the probability of each label of a table; the predicted class of
            an image or text with its probability; the generated text. For detectors a row for each
            object, with `row`, the number of its image.

        Raises:
            UserError: the input is not of this kind, or a column is missing.
        """
        inputs = self._inputs(rows)
        count = len(next(iter(inputs.values())))
        parts = []
        for start in range(0, count, ROWS_AT_ONCE):
            batch = {
                name: tf.constant(values[start : start + ROWS_AT_ONCE], self._columns[name])
                for name, values in inputs.items()
            }
            answer = {name: t.numpy() for name, t in self._signature(**batch).items()}
            parts.append(_answers(answer, start))
        if not parts:
            raise UserError("There is nothing to predict for.", where="predict", expected="rows")
        return pl.concat(parts)

    def _inputs(self, rows: Any) -> dict[str, Any]:
        if isinstance(self.card, TabularCard):
            return self._of_table(rows, self.card)
        (name,) = self._columns
        one = [rows] if isinstance(rows, str | bytes | Path) else list(rows)
        return {name: [_image(row) for row in one] if name == "image" else [*map(str, one)]}

    def _of_table(self, rows: Any, card: TabularCard) -> dict[str, Any]:
        schema = schema_from(card.schema, where=str(self.version))
        frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(dict(rows))
        return raw_inputs(self._typed(frame, card), schema.features)

    def _typed(self, frame: pl.DataFrame, card: TabularCard) -> pl.DataFrame:
        schema = schema_from(card.schema, where=str(self.version))
        missing = [one.name for one in schema.features if one.name not in frame.columns]
        if missing:
            raise UserError(
                f"There is no column {missing[0]!r}.",
                where="predict",
                expected=", ".join(one.name for one in schema.features),
                remedy="Add the column; its cells may be missing values.",
            )
        columns = {
            one.name: typed(frame[one.name], one.kind, "row {}".format, decimal=one.decimal).values
            for one in schema.features
        }
        return pl.DataFrame(columns)

    def _labelled(self, rows: Any, card: TabularCard) -> RankingRows:
        frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(dict(rows))
        labels = []
        for name, positive in card.labels.items():
            if name not in frame.columns:
                raise UserError(
                    f"There is no column {name!r}, which the model predicts.",
                    where="drivers",
                    expected="a table with features and labels",
                    remedy="Add the column.",
                )
            labels.append(to_label(frame[name], positive, "row {}".format)[0].to_numpy())
        return RankingRows(self._typed(frame, card), np.stack(labels, 1), None)

    def _tabular_card(self) -> TabularCard:
        if isinstance(self.card, TabularCard):
            return self.card
        raise UserError(
            "Drivers are measured of models that read a table.",
            where=str(self.version),
            expected="an export of kit train ranking",
        )

    def drivers(
        self,
        rows: Any,
        *,
        group: Sequence[Sequence[str]] = (),
        repeats: int = 5,
        limit: int = 5000,
        seed: int = 0,
    ) -> Drivers:
        """Which columns of a table the predictions depend on: the log loss without each.

        Args:
            rows: that the model was not trained on, or what it learned by heart counts too:
                features and labels in a DataFrame of polars or pandas or a dict of columns, or a
                part of data, `data.test`.
            group: lists of columns to shuffle together, besides the correlated ones.
            repeats: shuffles of each group, at least 3.
            limit: of more rows, so many are drawn.
            seed: of the draws.

        Raises:
            UserError: the export reads no table, a column is missing, or there are fewer than 50
                rows with a label.
        """
        card = self._tabular_card()
        schema = schema_from(card.schema, where=str(self.version))
        part = rows if isinstance(rows, RankingRows) else self._labelled(rows, card)
        features, labels = part.features, part.labels
        kept = np.flatnonzero(~np.isnan(labels).all(1))
        if len(kept) > limit:
            kept = np.sort(np.random.default_rng(seed).choice(kept, limit, replace=False))
        features, labels = features[kept], labels[kept]
        names = tensor_names([one.name for one in schema.features])
        inputs = {
            name: tf.constant(values, self._columns[name])
            for name, values in raw_inputs(features, schema.features).items()
        }
        outputs = [*tensor_names([*card.labels]).values()]
        if len(outputs) == 1:
            outputs = ["probability"]
        known = ~np.isnan(labels)

        def losses(columns: Sequence[str], order: NDArray[np.int64]) -> NDArray[np.float64]:
            shuffled = {names[one]: tf.gather(inputs[names[one]], order) for one in columns}
            parts = []
            for begin in range(0, len(labels), MEASURED_AT_ONCE):
                batch = slice(begin, begin + MEASURED_AT_ONCE)
                answer = self._signature(
                    **{name: values[batch] for name, values in {**inputs, **shuffled}.items()}
                )
                parts.append(np.stack([answer[name].numpy() for name in outputs], 1))
            loss = np.zeros(labels.shape)
            loss[known] = log_losses(labels[known], np.concatenate(parts)[known])
            mean: NDArray[np.float64] = loss.sum(1) / known.sum(1)
            return mean

        groups = correlated_groups(features, schema.features, group)
        return measure_drivers(losses, len(labels), groups, repeats=repeats, seed=seed)

    def __repr__(self) -> str:
        return f"Predictor({self.card.recipe}; takes {', '.join(self._columns)})"


def _check_count(k: int, most: int) -> None:
    if not 1 <= k <= most:
        raise UserError(
            f"The export gives at most {most} items; got k = {k}.",
            where="k",
            expected=f"1 to {most}",
            remedy="Export it with a larger top.",
        )


def _frame(rows: Sequence[Recommendation]) -> pl.DataFrame:
    schema: dict[str, Any] = {
        "item_id": pl.String,
        "name": pl.String,
        "score": pl.Float64,
        "because_of": pl.List(pl.String),
        "because_share": pl.Float64,
    }
    return pl.DataFrame([vars(row) for row in rows], schema=schema)


def _image(image: Any) -> bytes:
    if isinstance(image, bytes):
        return image
    if isinstance(image, np.ndarray):
        pixels = image[..., None] if image.ndim == 2 else image
        return bytes(tf.io.encode_png(pixels.astype(np.uint8)).numpy())
    try:
        return Path(image).read_bytes()
    except (OSError, TypeError) as error:
        raise UserError(
            "The image cannot be read.",
            where=str(image)[:200],
            expected="a path, encoded bytes, or an array [height, width, channels]",
        ) from error


def _answers(answer: dict[str, Any], start: int) -> pl.DataFrame:
    """The outputs of a signature for some rows, as a DataFrame."""
    if "box" in answer:
        return _boxes(answer, start)
    columns = {}
    for name, values in answer.items():
        first = values[:, 0] if values.ndim > 1 else values
        columns[name] = [v.decode() for v in first] if first.dtype == object else first
    return pl.DataFrame(columns)


def _boxes(answer: dict[str, Any], start: int) -> pl.DataFrame:
    """A row for each detected object."""
    image, place = np.nonzero(answer["score"] > 0)
    boxes = answer["box"][image, place]
    sides = dict(zip(("xmin", "ymin", "xmax", "ymax"), boxes.T, strict=True))
    labels = [label.decode() for label in answer["label"][image, place]]
    scores = answer["score"][image, place]
    return pl.DataFrame({"row": image + start, "label": labels, "score": scores, **sides})
