"""Time series: quantiles and expected values of what comes next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.config import SeriesOptions
from kit.tasks._evaluate_export import (
    Export,
    ExportEvaluation,
    PredictionMetrics,
    card_options,
    open_again,
)
from kit.tasks._task import Comparison, Results, Run, Table, report_facts

if TYPE_CHECKING:
    from kit.data.series import SeriesData
    from kit.evaluation import Forecasts, HierarchyFit
    from kit.exports import ForecastingCard, SignatureCheck
    from kit.report import Report

WINDOWS_AT_ONCE = 2048


@dataclass(frozen=True)
class ForecastResults(Results):
    """`Results` of forecasts, and of their hierarchy where there is one."""

    hierarchy: "HierarchyFit | None" = None


class Forecasting:
    """Forecasts of series, from several origins."""

    name = "forecasting"
    unit = "windows"
    following = "kit forecast {folder}"

    def describe(self, data: "SeriesData") -> Sequence[str]:
        from kit.data import note_lines

        frequency = data.frequency
        ends = frequency.texts([data.first, data.first + data.steps - 1])
        return [
            f"data:      {len(data.series):,} series of {data.steps:,} {frequency.name}s, "
            f"{ends[0]} to {ends[1]}, outcome {data.outcome}; horizon {data.horizon}, split "
            f"{data.split}",
            *note_lines(data),
        ]

    def warnings(self, data: Any) -> Sequence[str]:
        return ()

    def check(self, run: Run) -> Sequence[str]:
        from kit.evaluation import check_groups

        if run.data.hierarchy is not None:
            check_groups(run.data)
        return ()

    def validation(self, run: Run) -> tuple[str, Callable[[], float]]:
        from kit import evaluation

        naive = evaluation.seasonal_naive(run.data, "valid").summary()
        names = (evaluation.point_metric(run.data), "WQL")

        def skill() -> float:
            found = evaluation.forecasts_of(run.model, run.data, "valid").summary()
            return 1 - sum(found[name] / naive[name] for name in names) / 2

        return "valid skill", skill

    def evaluate(self, run: Run) -> Results:
        from kit import evaluation

        evaluation.calibrate_quantiles(run.model, run.data)
        return ForecastResults(
            evaluation.forecasts_of(run.model, run.data, "valid"),
            evaluation.forecasts_of(run.model, run.data, "test"),
            evaluation.forecast_baselines(run.data),
            run.data.hierarchy and evaluation.fit_hierarchy(run.model, run.data),
        )

    def report(self, run: Run, results: ForecastResults) -> "Report":
        from kit.report import ForecastReport, forecast_report

        facts = report_facts(run, results)
        return forecast_report(ForecastReport(**facts, hierarchy=results.hierarchy))

    def card(self, run: Run, results: ForecastResults, facts: Mapping[str, Any]) -> dict[str, Any]:
        return {"model": run.built.name, "hierarchy": facts.get("hierarchy")}

    def export(
        self, run: Run, results: Any, card: dict[str, Any]
    ) -> "tuple[Path, Sequence[SignatureCheck]]":
        from kit.evaluation import deviation_tail
        from kit.exporting import export_forecaster

        fit = results.hierarchy
        return export_forecaster(
            run.model,
            run.data,
            run.output,
            tail=deviation_tail(run.model, run.data),
            card=card,
            reconciliation=fit and fit.reconciliation,
        )

    def tables(
        self, run: Run, results: ForecastResults, facts: Mapping[str, Any]
    ) -> Sequence[Comparison | Table]:
        from kit.evaluation import FORECAST_METRICS
        from kit.report import hierarchy_rows

        tables: list[Comparison | Table] = [
            Comparison(
                title=facts["test"]["protocol"],
                systems={run.built.name: results.test, **results.baselines},
                metrics=FORECAST_METRICS,
            )
        ]
        if found := facts.get("hierarchy"):
            columns, rows = hierarchy_rows(found)
            tables.append(Table(title=found["protocol"], columns=columns, rows=rows))
        return tables

    def export_lines(self, version: Path) -> Sequence[str]:
        return ()

    @classmethod
    def open_again(cls, card: "ForecastingCard", source: str | None) -> "SeriesData":
        return open_again(
            card_options(SeriesOptions, card, source), lambda options: options.dataset()
        )

    @classmethod
    def forecasts(
        cls, card: "ForecastingCard", model: Any, data: "SeriesData", part: str
    ) -> "Forecasts":
        """Forecasts of an export.

        Args:
            card: of the export.
            model: the loaded SavedModel.
            data: series it knows, split.
            part: "valid" or "test".
        """
        import numpy as np
        import tensorflow as tf

        from kit import evaluation
        from kit.exports import covariate_inputs

        ask = model.signatures["serving_default"]
        known_names, static_names = covariate_inputs(
            [one.name for one in data.requested], [one.name for one in data.static]
        )
        lookback, dates = card.lookback, data.frequency.texts
        series = np.array(data.series, object)
        rows, origins = evaluation.windows_of(data, part, lookback, 1 << 62)
        means, quantiles = [], []
        for begin in range(0, len(rows), WINDOWS_AT_ONCE):
            batch = slice(begin, begin + WINDOWS_AT_ONCE)
            inputs = evaluation.inputs_of(data, (rows[batch], origins[batch]), lookback)
            steps = origins[batch, None] + np.arange(data.horizon)
            covariates = {
                **{
                    known_names[one.name]: one.raw(one.values[rows[batch, None], steps])
                    for one in data.requested
                },
                **{static_names[one.name]: one.raw(one.values[rows[batch]]) for one in data.static},
            }
            answer = ask(
                series_id=tf.constant(series[rows[batch]]),
                history=tf.constant(inputs["history"]),
                start=tf.constant(dates(data.first + origins[batch])),
                **{name: tf.constant(values) for name, values in covariates.items()},
            )
            means.append(answer["mean"].numpy())
            quantiles.append(answer["quantile"].numpy())
        actual = data.actual(part).astype(np.float32)
        return evaluation.Forecasts(
            actual,
            np.concatenate(means).reshape(actual.shape),
            np.concatenate(quantiles).reshape(*actual.shape, -1),
            evaluation.Scales.of(data, part),
            data.stride < data.horizon,
        )

    @classmethod
    def predict_export(
        cls, export: Export, data: "SeriesData", *, max_users: int | None = None
    ) -> ExportEvaluation:
        from kit import evaluation
        from kit.data import note_lines

        forecasts = cls.forecasts(export.card, export.load(), data, "test")
        protocol = evaluation.forecast_protocol(data, "test", forecasts)
        names = evaluation.FORECAST_METRICS
        results = [PredictionMetrics(protocol, export.card.model, forecasts, names)]
        notes = note_lines(data)
        if export.against is not None:
            other = evaluation.read_forecasts(data, export.against)
            results.append(PredictionMetrics(protocol, export.against, other, names))
            gap = forecasts.minus(other)["RMSSE"]
            notes.append(
                f"{export.card.model} minus {export.against}: RMSSE {gap.mean:+.4f}, 95 % "
                f"{gap.low:+.4f} to {gap.high:+.4f}"
            )
        return ExportEvaluation(results, notes)
