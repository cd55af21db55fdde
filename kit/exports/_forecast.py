"""Ask exports of forecasters: a table of histories in, a table of quantiles out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import TableFormat
from kit.data.series import SeriesColumns, SeriesSource, open_series
from kit.errors import UserError
from kit.exports._card import ForecastingCard
from kit.exports._operations import load_version
from kit.exports._read_card import read_card

SERIES_AT_ONCE = 4096


class SeriesForecaster:
    """An export that forecasts series.

    Args:
        version: its folder.
        trust: load it even if it could do what no export of this kit does.

    Attributes:
        card: of the export.
    """

    def __init__(self, version: Path, *, trust: bool = False) -> None:
        card = read_card(version)
        if not isinstance(card, ForecastingCard):
            raise UserError(
                "The export does not forecast series.",
                where=str(version),
                expected="an export of kit train forecasting",
            )
        self.card, self.version = card, version
        self._model = load_version(version, trust=trust)
        self._signatures = self._model.signatures

    def forecast(
        self, history: Any = None, *, series: str | Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Forecast the values that follow.

        Args:
            history: the latest values, a file or DataFrame in the form of the training data; None
                forecasts from the end of the training data. Series that were not in these are
                forecast from their history alone.
            series: ids of the series to forecast; None is all.

        Returns:
            A row for each series and step: series_id, time, mean and a column for each quantile,
            "q0.1" and so on.

        Raises:
            UserError: the history cannot be read, or there is no such series.
        """
        chosen = [series] if isinstance(series, str) else series
        if history is None:
            names = self._known(self.card.series, chosen)
            return self._frame(names, "from_id", {})
        source = self.read(history)
        names = self._known(source.series, chosen)
        code = {name: row for row, name in enumerate(source.series)}
        values = source.values[[code[name] for name in names], -self.card.lookback :]
        start = source.frequency.texts([source.first + source.values.shape[1]])
        inputs = {"history": values.astype(np.float32), "start": start * len(names)}
        return self._frame(names, "serving_default", inputs)

    def read(self, history: Any) -> SeriesSource:
        """A table of histories, read as the training data were."""
        form: dict[str, Any] = dict(self.card.data)
        targets = form.get("target_column") or ()
        return open_series(
            history,
            columns=SeriesColumns(
                form.get("series_column"),
                form.get("time_column"),
                tuple(targets),
                form.get("time_format"),
            ),
            every=self.card.every,
            gaps=form.get("gaps"),
            aggregate=form.get("aggregate"),
            format=TableFormat(
                form.get("separator"), form.get("encoding"), form.get("header"), form.get("quote")
            ),
        )

    def _known(self, names: Sequence[str], chosen: Sequence[str] | None) -> list[str]:
        if chosen is None:
            return list(names)
        if unknown := sorted({*chosen} - {*names}):
            shown = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
            raise UserError(
                f"There is no series '{unknown[0]}'.",
                where="series",
                expected=f"one of {len(names):,}: {shown}",
                remedy="Give its last values as a history.",
            )
        return list(chosen)

    def _frame(self, names: list[str], signature: str, inputs: dict[str, Any]) -> pl.DataFrame:
        parts = []
        for begin in range(0, len(names), SERIES_AT_ONCE):
            batch = slice(begin, begin + SERIES_AT_ONCE)
            ids = tf.constant(names[batch], tf.string)
            given = {key: tf.constant(values[batch]) for key, values in inputs.items()}
            answer = self._signatures[signature](series_id=ids, **given)
            parts.append({name: tensor.numpy() for name, tensor in answer.items()})
        answers = {name: np.concatenate([one[name] for one in parts]) for name in parts[0]}
        columns: dict[str, Any] = {
            "series_id": np.repeat(np.array(names, object), self.card.horizon),
            "time": _texts(answers["time"].ravel()),
            "mean": answers["mean"].ravel(),
        }
        for place, level in enumerate(self.card.levels):
            columns[f"q{level:g}"] = answers["quantile"][:, :, place].ravel()
        return pl.DataFrame(columns, schema_overrides={"series_id": pl.String})

    def __repr__(self) -> str:
        return (
            f"SeriesForecaster({len(self.card.series):,} series, {self.card.horizon} "
            f"{self.card.every}s)"
        )


def _texts(values: NDArray[Any]) -> list[str]:
    return [value.decode() for value in values]
