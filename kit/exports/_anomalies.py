"""Ask forecasters how unusual values are, each by what was before it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data.series import SeriesSource
from kit.errors import UserError
from kit.exports._card import ForecastingCard

Ask = Callable[[list[str], str, Mapping[str, Any]], dict[str, NDArray[Any]]]
VALUES_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class Scan:
    """How unusual the last values of series are.

    Args:
        source: the series.
        begin: the first step that is judged, counted from 0.
        found: "mean", "low", "high", "probability" and "score", float [series, steps judged].
    """

    source: SeriesSource
    begin: int
    found: Mapping[str, NDArray[np.floating]]

    @property
    def values(self) -> NDArray[np.float64]:
        """What is judged: float64 [series, steps judged], NaN where there is no value."""
        return self.source.values[:, self.begin :]

    @property
    def score(self) -> NDArray[np.float64]:
        """The scores; NaN where there is no value."""
        return np.where(np.isnan(self.values), np.nan, self.found["score"])

    def frame(self, rate: float | None) -> pl.DataFrame:
        """A row for each value, with a rate only those that so few usual values are as far from.

        Args:
            rate: the largest probability.
        """
        wanted = ~np.isnan(self.values)
        if rate is not None:
            wanted &= self.found["probability"] <= rate
        row, step = np.nonzero(wanted)
        frequency, first = self.source.frequency, self.source.first + self.begin
        times = np.array(frequency.texts(first + np.arange(self.values.shape[1])), object)
        return pl.DataFrame(
            {
                "series_id": np.array(self.source.series, object)[row],
                "time": times[step],
                "value": self.values[row, step],
                **{name: values[row, step] for name, values in self.found.items()},
            },
            schema_overrides={"series_id": pl.String, "time": pl.String},
        )


def scan(
    ask: Ask,
    card: ForecastingCard,
    source: SeriesSource,
    inputs: Mapping[str, Any],
    known: Mapping[str, str],
    last: int | None,
) -> Scan:
    """Judge each of the last values by the forecast of one step from what was before it.

    Args:
        ask: calls a signature for series.
        card: of the export.
        source: the series.
        inputs: static features of all series.
        known: names of known columns in the signature.
        last: number of steps; None is all that have a season before them.

    Raises:
        UserError: there are fewer steps than one season and one more.
    """
    steps, frequency = source.values.shape[1], source.frequency
    least = min(frequency.season, card.lookback)
    begin = max(steps - last, 1) if last is not None else least
    if begin >= steps:
        raise UserError(
            f"There are {steps} {frequency.name}s, too few to judge one of them.",
            where=source.name,
            expected=f"more than {least}: each is judged by what was before it",
        )
    padded = np.pad(source.values, ((0, 0), (card.lookback, 0)), constant_values=np.nan)
    # Window t holds what was before step t.
    windows = np.lib.stride_tricks.sliding_window_view(padded[:, :-1], card.lookback, axis=1)
    columns = {one.name: one for one in source.known}
    found: dict[str, list[NDArray[Any]]] = {}
    at_once = max(1, VALUES_AT_ONCE // card.lookback)
    rows, origins = np.divmod(np.arange(len(source.series) * (steps - begin)), steps - begin)
    origins += begin
    for first in range(0, len(rows), at_once):
        row, origin = rows[first : first + at_once], origins[first : first + at_once]
        value = np.full((len(row), card.horizon), np.nan, np.float32)
        value[:, 0] = source.values[row, origin]
        ahead = origin[:, None] + np.arange(card.horizon)
        inside = ahead < steps
        request: dict[str, Any] = {name: np.asarray(x)[row] for name, x in inputs.items()}
        for column, name in known.items():
            one = columns[column]
            codes = one.values[row[:, None], np.minimum(ahead, steps - 1)]
            request[name] = one.raw(np.where(inside, codes, 0 if one.categories else np.nan))
        request |= {
            "history": windows[row, origin].astype(np.float32),
            "start": frequency.texts(source.first + origin),
            "value": value,
        }
        names = [source.series[place] for place in row]
        answer = ask(names, "anomaly", request)
        for name in ("mean", "low", "high", "probability", "score"):
            found.setdefault(name, []).append(answer[name][:, 0])
    shape = len(source.series), steps - begin
    return Scan(source, begin, {k: np.concatenate(x).reshape(shape) for k, x in found.items()})
