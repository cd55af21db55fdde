"""Value of customers: what each pays over a horizon, and whether they buy."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.config import PurchaseOptions
from kit.tasks._evaluate_export import (
    Export,
    ExportEvaluation,
    PredictionMetrics,
    card_options,
    open_again,
)
from kit.tasks._task import Comparison, Results, Run, report_facts

if TYPE_CHECKING:
    from kit.data.purchases import PurchaseData
    from kit.exports import CustomerValueCard, SignatureCheck
    from kit.report import Report

CUSTOMERS_AT_ONCE = 2048
# Customers of valid that the metric is measured on while training.
MOST_MEASURED = 20_000


class CustomerValue:
    """What customers pay over a horizon."""

    name = "customer-value"
    unit = "histories"
    following = "kit predict {folder} --input user_id=ID"

    def describe(self, data: "PurchaseData") -> Sequence[str]:
        from kit.data import note_lines
        from kit.data.purchases import date_of

        return [
            f"data:      {len(data.users):,} customers, {len(data.day):,} days with a purchase, "
            f"{date_of(data.first)} to {date_of(data.end - 1)}; horizon {data.horizon} days",
            f"split:     {data.split}",
            f"season:    {season_line(data)}",
            *note_lines(data),
        ]

    def warnings(self, data: Any) -> Sequence[str]:
        return ()

    def check(self, run: Run) -> Sequence[str]:
        return ()

    def validation(self, run: Run) -> tuple[str, Callable[[], float]]:
        from kit import evaluation

        histories = run.data.histories(run.data.valid, run.model.length).sample(MOST_MEASURED)
        return (
            "valid log-likelihood",
            lambda: evaluation.valid_log_likelihood(run.model, histories),
        )

    def evaluate(self, run: Run) -> Results:
        from kit import evaluation

        found = evaluation.calibrate_values(run.model, run.data)
        run.settings |= {f"calibration of {name}": value for name, value in found.items()}
        return Results(
            evaluation.values_of(run.model, run.data, "valid"),
            evaluation.values_of(run.model, run.data, "test"),
            evaluation.value_baselines(run.data),
        )

    def report(self, run: Run, results: Results) -> "Report":
        from kit.report import ValueReport, value_report

        return value_report(ValueReport(**report_facts(run, results)))

    def card(self, run: Run, results: Results, facts: Mapping[str, Any]) -> dict[str, Any]:
        return {"model": run.built.name}

    def export(
        self, run: Run, results: Any, card: dict[str, Any]
    ) -> "tuple[Path, Sequence[SignatureCheck]]":
        from kit.exporting import export_customer_value

        return export_customer_value(run.model, run.data, run.output, card=card)

    def tables(self, run: Run, results: Results, facts: Mapping[str, Any]) -> Sequence[Comparison]:
        from kit.evaluation import VALUE_METRICS

        return [
            Comparison(
                title=facts["test"]["protocol"],
                systems={run.built.name: results.test, **results.baselines},
                metrics=VALUE_METRICS,
                notes=[f"season of test: {season_line(run.data)}"],
            )
        ]

    def export_lines(self, version: Path) -> Sequence[str]:
        return ()

    @classmethod
    def open_again(cls, card: "CustomerValueCard", source: str | None) -> "PurchaseData":
        options = card_options(PurchaseOptions, card, source)
        return open_again(options, lambda options: options.dataset())

    @classmethod
    def predict_export(
        cls, export: Export, data: "PurchaseData", *, max_users: int | None = None
    ) -> ExportEvaluation:
        import numpy as np
        import tensorflow as tf

        from kit import evaluation
        from kit.data import note_lines

        loaded = export.load()
        ask = loaded.signatures["from_history"]
        found = data.histories(data.test, export.card.length)
        answers = []
        for begin in range(0, len(found.user), CUSTOMERS_AT_ONCE):
            batch = slice(begin, begin + CUSTOMERS_AT_ONCE)
            age = found.age[batch].astype(np.int64)
            time = np.where(age > 0, (data.test - age) * 86_400, 0)
            answer = ask(
                amount=tf.constant(found.amount[batch]),
                time=tf.constant(time),
                asked_at=tf.constant(np.full(len(age), data.test * 86_400)),
            )
            names = ("value_mean", "value_low", "value_high", "buys_probability")
            answers.append(np.stack([answer[name].numpy() for name in names]))
        mean, low, high, buys = np.concatenate(answers, axis=1).astype(np.float64)
        predictions = evaluation.ValuePredictions(found.value, mean, low, high, buys)
        protocol = evaluation.value_protocol(data, "test", predictions)
        metrics = PredictionMetrics(
            protocol, export.card.model, predictions, evaluation.VALUE_METRICS
        )
        return ExportEvaluation([metrics], note_lines(data))


def season_line(data: "PurchaseData") -> str:
    """What is known of the season of the horizon of test, in words."""
    import numpy as np

    held = data.held_days(data.test)
    factor = float(data.seasons(np.array([data.test]))[0])
    if factor == 1.0 and held < data.horizon:
        return f"unknown: a year before, the log holds {held} of the {data.horizon} days of test"
    if held < data.horizon:
        return (
            f"x {factor:.2f} on the {data.horizon} days before; the log holds {held} of these days "
            "a year before, the others are interpolated and nothing can check them"
        )
    return f"x {factor:.2f} on the {data.horizon} days before, from the year before"
