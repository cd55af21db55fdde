"""Ask exports that classify, rank rows, write texts or find boxes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.table import RankingRows, schema_from, to_label, typed
from kit.errors import UserError
from kit.exports._card import TabularCard, UpliftCard
from kit.exports._drivers import Drivers, correlated_groups, measure_drivers
from kit.exports._inputs import raw_inputs, tensor_names
from kit.exports._operations import load_version
from kit.exports._read_card import read_card
from kit.metrics import log_losses

ROWS_AT_ONCE = 256
MEASURED_AT_ONCE = 4096


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
            A row for each input: the probability of each label of a table; the uplift and the
            response of each arm, "uplift mail" and "response mail"; the predicted class of an image
            or text with its probability; the generated text. For detectors a row for each object,
            with `row`, the number of its image.

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
            if isinstance(self.card, UpliftCard):
                answer = _by_arm(answer, self.card.arms)
            parts.append(_answers(answer, start))
        if not parts:
            raise UserError("There is nothing to predict for.", where="predict", expected="rows")
        return pl.concat(parts)

    def _inputs(self, rows: Any) -> dict[str, Any]:
        if isinstance(self.card, TabularCard | UpliftCard):
            return self._of_table(rows, self.card)
        (name,) = self._columns
        one = [rows] if isinstance(rows, str | bytes | Path) else list(rows)
        return {name: [_image(row) for row in one] if name == "image" else [*map(str, one)]}

    def _of_table(self, rows: Any, card: TabularCard | UpliftCard) -> dict[str, Any]:
        schema = schema_from(card.schema, where=str(self.version))
        frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(dict(rows))
        return raw_inputs(self._typed(frame, card), schema.features)

    def _typed(self, frame: pl.DataFrame, card: TabularCard | UpliftCard) -> pl.DataFrame:
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


def _by_arm(answer: dict[str, Any], arms: Sequence[str]) -> dict[str, Any]:
    """A column for each output and arm; the uplift of the control is 0 and left out."""
    return {
        f"{name} {arm}": answer[name][:, place]
        for name in ("uplift", "response")
        for place, arm in enumerate(arms)
        if name == "response" or place
    }


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
