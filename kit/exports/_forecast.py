"""Ask exports of forecasters: a table of histories in, a table of quantiles out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import TableFormat
from kit.data.series import (
    FREQUENCIES,
    Plan,
    SeriesColumns,
    SeriesSource,
    change_plan,
    open_series,
    read_plan,
)
from kit.errors import UserError
from kit.exports._anomalies import Scan, scan
from kit.exports._card import ForecastingCard
from kit.exports._inputs import tensor_names
from kit.exports._operations import load_version
from kit.exports._read_card import read_card
from kit.exports._totals import ask_totals, with_totals

SERIES_AT_ONCE = 4096


def covariate_inputs(
    known: Sequence[str], static: Sequence[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Names of covariates in the signatures of a forecaster.

    Args:
        known: names of known columns.
        static: names of static features.

    Example:

    >>> covariate_inputs(["net price"], ["brand"])
    ({'net price': 'known_net_price'}, {'brand': 'static_brand'})
    """
    names = tensor_names([f"known_{name}" for name in known])
    names |= tensor_names([f"static_{name}" for name in static])
    return (
        {name: names[f"known_{name}"] for name in known},
        {name: names[f"static_{name}"] for name in static},
    )


class SeriesForecaster:
    """An export that forecasts series.

    Args:
        version: its folder.
        trust: load it even if it could do what no export of this kit does.

    Attributes:
        card: of the export.
        model: the loaded SavedModel.
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
        self.model = load_version(version, trust=trust)
        self._signatures = self.model.signatures

    def forecast(
        self,
        history: Any = None,
        *,
        series: str | Sequence[str] | None = None,
        known: Any = None,
        what_if: str | Sequence[str] = (),
        why: bool = False,
        totals: bool | None = None,
    ) -> pl.DataFrame:
        """Forecast the values that follow.

        Args:
            history: the latest values, a file or DataFrame in the form of the training data; None
                forecasts from the end of the training data. Series that were not in these are
                forecast from their history alone.
            series: ids of the series to forecast; None is all.
            known: the values of the known columns in the steps to forecast, a file or DataFrame
                with columns of the series, the time and these; without one of the series, a row
                holds for all.
            what_if: changes of known columns, such as "price*=0.9", "price+=1", "promotion=yes".
            why: whether to say what the expected values are made of.
            totals: whether to forecast the groups of a hierarchy as well, whose values are then the
                sums of those of the series; None does so if all series of the training data, and no
                others, are forecast.

        Returns:
            A row for each series and step: series_id, time, mean and a column for each quantile,
            "q0.1" and so on. With `what_if` also mean_plan, of the plan as it is, and difference,
            of mean to it; with `why` a column for each part of mean, "why level" and so on. With
            totals a column level and, first, the rows of the groups.

        Raises:
            UserError: history or plan cannot be read, something is missing in them, there is no
                such series, or not all series that totals need.
        """
        card, changes = self.card, [what_if] if isinstance(what_if, str) else list(what_if)
        chosen = [series] if isinstance(series, str) else series
        frequency = FREQUENCIES[card.every]
        self._check(known, changes, why)
        inputs: dict[str, Any] = {}
        if history is None:
            names, first = self._known(card.series, chosen), 0
            if card.start:
                day = pl.Series([card.start]).str.to_datetime(time_unit="us")
                first = int(frequency.steps(day.to_physical())[0])
        else:
            source = self.read(history)
            names = self._known(source.series, chosen)
            code = {name: row for row, name in enumerate(source.series)}
            rows = [code[name] for name in names]
            first = source.first + source.values.shape[1]
            inputs = {
                "history": source.values[rows, -card.lookback :].astype(np.float32),
                "start": frequency.texts([first]) * len(names),
                **self._static(source, rows),
            }
        plan: Plan = {}
        if card.known:
            plan = read_plan(
                known,
                columns=self._columns(),
                kinds={one["name"]: one["kind"] for one in card.known},
                series=names,
                frequency=frequency,
                first=first,
                horizon=card.horizon,
                format=self._format(),
            )
        asked = plan
        if changes:
            texts = {one["name"]: one["values"] for one in card.known if one["kind"] == "text"}
            asked = change_plan(plan, changes, texts)
        is_whole = self._is_whole(names, totals)
        signature = "from_id" if history is None else "serving_default"
        answers = self.ask(names, signature, inputs | self._of_plan(asked))
        columns = self._columns_of(names, answers)
        if changes:
            before = self.ask(names, signature, inputs | self._of_plan(plan))["mean"].ravel()
            columns |= {"mean_plan": before, "difference": columns["mean"] - before}
        if why:
            signature = "explain_from_id" if history is None else "explain"
            explained = self.ask(names, signature, inputs | self._of_plan(asked))
            for place, part in enumerate(_texts(explained["part"][0])):
                columns[f"why {part}"] = explained["contribution"][:, :, place].ravel()
        if is_whole:
            signature = "totals_from_id" if history is None else "totals"
            plans = [asked, plan] if changes else [asked]
            found = [
                ask_totals(
                    self.model, signature, {"series_id": names} | inputs | self._of_plan(one)
                )
                for one in plans
            ]
            return with_totals(columns, found[0], found[1] if changes else None, card.levels)
        return pl.DataFrame(columns, schema_overrides={"series_id": pl.String})

    def anomalies(
        self, history: Any = None, *, last: int | None = None, rate: float | None = 0.001
    ) -> pl.DataFrame:
        """How unusual values are, each by the forecast from what was before it.

        Args:
            history: values in the form of the training data, known columns included; None is the
                training data.
            last: the number of steps to judge, the latest; None is all that have a season before.
            rate: values are returned whose probability is at most this; None returns all.

        Returns:
            A row for each value: series_id, time, value, the expected value, the outer quantiles
            "low" and "high", the probability that a usual value is as far from the forecast, and a
            score, minus its decimal logarithm.

        Raises:
            UserError: the history cannot be read or is too short, or the export has no signature
                anomaly.
        """
        return self.scan(history, last=last).frame(rate)

    def scan(self, history: Any = None, *, last: int | None = None) -> Scan:
        """`anomalies` as arrays."""
        return self.scan_series(self.read(history, covariates=True), last=last)

    def scan_series(self, source: SeriesSource, *, last: int | None = None) -> Scan:
        """`scan` of series that were read, perhaps changed since."""
        if "anomaly" not in self._signatures:
            raise UserError(
                "The export does not judge values.",
                where=str(self.version),
                expected="a signature anomaly, which exports of this version have",
                remedy="Train it again.",
            )
        rows = list(range(len(source.series)))
        names, _ = covariate_inputs([one["name"] for one in self.card.known], [])
        return scan(self.ask, self.card, source, self._static(source, rows), names, last)

    def _check(self, known: Any, changes: Sequence[str], why: bool) -> None:
        names = ", ".join(one["name"] for one in self.card.known)
        if names and known is None:
            raise UserError(
                f"It is not said what is known of the steps to forecast: {names}.",
                where=str(self.version),
                expected=f"a table with {names} for each series and {self.card.every}",
                remedy="Give it: --known FILE",
            )
        if not names and (known is not None or changes):
            raise UserError(
                "The export has no known columns.",
                where="--known" if known is not None else "--what-if",
                expected="an export that was trained with --known",
                remedy="Leave it out, or train again with --known COLUMN.",
            )
        if why and "explain" not in self._signatures:
            raise UserError(
                "The export does not explain its forecasts.",
                where=str(self.version),
                expected="a signature explain, which exports of this version have",
                remedy="Train it again.",
            )

    def _is_whole(self, names: Sequence[str], wanted: bool | None) -> bool:
        """Whether totals are forecast: of all series, no more and no fewer."""
        is_whole = bool(self.card.hierarchy) and {*names} == {*self.card.series}
        if not wanted or is_whole:
            return is_whole and wanted is not False
        if not self.card.hierarchy:
            raise UserError(
                "The export has no hierarchy whose totals it could forecast.",
                where=str(self.version),
                expected="an export that was trained with --hierarchy",
                remedy="Train again with --hierarchy COLUMN.",
            )
        differ = sorted({*names} ^ {*self.card.series})
        raise UserError(
            f"Totals need all {len(self.card.series):,} series of the training data and no others; "
            f"series '{differ[0]}' is {'new' if differ[0] in names else 'missing'}.",
            where="history",
            expected="values of each of them",
            remedy="Add it, or train again on the present series.",
        )

    def _of_plan(self, plan: Plan) -> dict[str, Any]:
        names, _ = covariate_inputs(list(plan), [])
        return {names[column]: values for column, values in plan.items()}

    def _static(self, source: SeriesSource, rows: Sequence[int]) -> dict[str, Any]:
        """The static features of series of a history, as a request holds them."""
        known, static = ([one["name"] for one in x] for x in (self.card.known, self.card.static))
        found = {one.name: one for one in source.static}
        names = covariate_inputs(known, static)[1]
        kinds = {one["name"]: one["kind"] for one in self.card.static}
        inputs = {}
        for column, name in names.items():
            one = found[column]
            values = one.raw(one.values[rows])
            if kinds[column] == "number" and one.categories:
                raise UserError(
                    f"'{column}' is a text: {values[0]}.",
                    where=f"{source.name}, column {column}",
                    expected="numbers, as in the training data",
                    remedy="Mend it.",
                )
            if kinds[column] == "text" and not one.categories:
                values = np.array([f"{x:g}" for x in values], object)
            inputs[name] = values
        return inputs

    def read(self, history: Any = None, *, covariates: bool = False) -> SeriesSource:
        """A table of histories, read as the training data were.

        Args:
            history: a file or DataFrame; None is the training data.
            covariates: whether it has the known columns as well.
        """
        form = self.card.data
        columns = self._columns()
        if covariates:
            known = [one["name"] for one in self.card.known]
            columns = replace(columns, known=known, ignored=self._grouping())
        return open_series(
            form["data"] if history is None else history,
            columns=columns,
            every=self.card.every,
            gaps=form.get("gaps"),
            aggregate=form.get("aggregate"),
            returns=form.get("returns"),
            format=self._format(),
        )

    def _columns(self) -> SeriesColumns:
        form: dict[str, Any] = dict(self.card.data)
        return SeriesColumns(
            form.get("series_column"),
            form.get("time_column"),
            tuple(form.get("target_column") or ()),
            form.get("time_format"),
            static=[one["name"] for one in self.card.static],
            ignored=[*(one["name"] for one in self.card.known), *self._grouping()],
        )

    def _grouping(self) -> list[str]:
        """Columns of the hierarchy, which a history may have and need not have."""
        return [] if self.card.hierarchy is None else list(self.card.hierarchy["columns"])

    def _format(self) -> TableFormat:
        form: dict[str, Any] = dict(self.card.data)
        return TableFormat(
            form.get("separator"), form.get("encoding"), form.get("header"), form.get("quote")
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

    def ask(
        self, names: Sequence[str], signature: str, inputs: Mapping[str, Any]
    ) -> dict[str, NDArray[Any]]:
        """The answers of a signature, in batches.

        Args:
            names: of the series of each row.
            signature: its name.
            inputs: the others, arrays with a row for each name.
        """
        parts = []
        for begin in range(0, len(names), SERIES_AT_ONCE):
            batch = slice(begin, begin + SERIES_AT_ONCE)
            ids = tf.constant(names[batch], tf.string)
            given = {key: tf.constant(values[batch]) for key, values in inputs.items()}
            answer = self._signatures[signature](series_id=ids, **given)
            parts.append({name: tensor.numpy() for name, tensor in answer.items()})
        return {name: np.concatenate([one[name] for one in parts]) for name in parts[0]}

    def _columns_of(
        self, names: Sequence[str], answers: Mapping[str, NDArray[Any]]
    ) -> dict[str, Any]:
        columns: dict[str, Any] = {
            "series_id": np.repeat(np.array(names, object), self.card.horizon),
            "time": _texts(answers["time"].ravel()),
            "mean": answers["mean"].ravel(),
        }
        for place, level in enumerate(self.card.levels):
            columns[f"q{level:g}"] = answers["quantile"][:, :, place].ravel()
        return columns

    def __repr__(self) -> str:
        return (
            f"SeriesForecaster({len(self.card.series):,} series, {self.card.horizon} "
            f"{self.card.every}s)"
        )


def _texts(values: NDArray[Any]) -> list[str]:
    return [value.decode() for value in values]
