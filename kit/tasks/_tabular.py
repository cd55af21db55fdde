"""Tables of examples: the probability of each label."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.config import TableOptions
from kit.tasks._evaluate_export import (
    Export,
    ExportEvaluation,
    PredictionMetrics,
    card_options,
    open_again,
)
from kit.tasks._retraining import started_lines, stored_weights
from kit.tasks._task import Comparison, Results, Run, report_facts

if TYPE_CHECKING:
    from kit.data.table import RankingData
    from kit.evaluation import Predictions
    from kit.exports import SignatureCheck, TabularCard
    from kit.report import Report

ROWS_AT_ONCE = 4096


class Tabular:
    """Labels of rows; `parts` of the run is their `TableEncoder`."""

    name = "tabular"
    unit = "rows"
    following = "kit evaluate {folder}"
    _valid: Any

    def describe(self, data: "RankingData") -> Sequence[str]:
        from kit.data import note_lines

        labels = " and ".join(f"{name} = {value}" for name, value in data.positives.items())
        return [
            f"data:      {len(data.train):,} rows in train, {len(data.schema.features)} features; "
            f"predicts {labels}; split {data.split}",
            *note_lines(data),
        ]

    def warnings(self, data: Any) -> Sequence[str]:
        return ()

    def check(self, run: Run) -> Sequence[str]:
        return started_lines(run)

    def validation(self, run: Run) -> tuple[str, Callable[[], float]]:
        self._valid = run.built.parts.encode(run.data.valid.features, whole=True)
        return "valid AUC", lambda: _predictions(run, "valid", self._valid).mean_auc()

    def evaluate(self, run: Run) -> Results:
        from kit import evaluation

        encoder = run.built.parts
        test = encoder.encode(run.data.test.features, whole=True)
        logits = evaluation.logits_of(run.model, self._valid)
        run.model.set_calibration(*evaluation.calibration(run.data.valid.labels, logits))
        return Results(
            _predictions(run, "valid", self._valid),
            _predictions(run, "test", test),
            evaluation.classification_baselines(run.data, encoder),
        )

    def report(self, run: Run, results: Results) -> "Report":
        from kit.report import ClassificationReport, classification_report

        report = ClassificationReport(**report_facts(run, results), encoder=run.built.parts)
        return classification_report(report)

    def card(self, run: Run, results: Results, facts: Mapping[str, Any]) -> dict[str, Any]:
        return {"model": run.built.name}

    def export(
        self, run: Run, results: Any, card: dict[str, Any]
    ) -> "tuple[Path, Sequence[SignatureCheck]]":
        from kit.exporting import export_ranking

        return export_ranking(
            run.model, run.data, run.built.parts, run.output, card=card, stored=stored_weights(run)
        )

    def tables(self, run: Run, results: Any, facts: Mapping[str, Any]) -> Sequence[Comparison]:
        return [
            Comparison(
                title=f"{label}: {facts['test']['protocol']}",
                systems={
                    run.built.name: result,
                    **{name: x.of_labels[label] for name, x in results.baselines.items()},
                },
                metrics=result.metrics,
            )
            for label, result in results.test.of_labels.items()
        ]

    def export_lines(self, version: Path) -> Sequence[str]:
        return ()

    @classmethod
    def open_again(cls, card: "TabularCard", source: str | None) -> "RankingData":
        from kit.data.table import schema_from

        schema = schema_from(card.schema, where="the schema of card.json")
        needs_history = card.model == "din"
        return open_again(
            card_options(TableOptions, card, source),
            lambda o: o.dataset(schema, needs_history=needs_history),
        )

    @classmethod
    def predict_export(
        cls, export: Export, data: "RankingData", *, max_users: int | None = None
    ) -> ExportEvaluation:
        import numpy as np
        import tensorflow as tf

        from kit.data import note_lines
        from kit.data.table import schema_from
        from kit.evaluation import Predictions
        from kit.exporting import outputs_of
        from kit.exports import raw_inputs
        from kit.report import tabular_protocol

        model = export.load()
        features = schema_from(export.card.schema, where=str(export.version)).features
        predicted = []
        for start in range(0, len(data.test), ROWS_AT_ONCE):
            rows = data.test.features[start : start + ROWS_AT_ONCE]
            inputs = raw_inputs(rows, features)
            answer = model.signatures["serving_default"](
                **{name: tf.constant(values) for name, values in inputs.items()}
            )
            outputs = [answer[name].numpy() for name in outputs_of(data.labels)]
            predicted.append(np.stack(outputs, axis=1))
        predictions = Predictions.of(data.test, data.labels, np.concatenate(predicted))
        protocol = tabular_protocol(data, "test", predictions)
        return ExportEvaluation(
            [
                PredictionMetrics(f"{label}: {protocol}", export.card.model, result, result.metrics)
                for label, result in predictions.of_labels.items()
            ],
            note_lines(data),
        )


def _predictions(run: Run, part: str, inputs: Any) -> "Predictions":
    from kit import evaluation

    probabilities = evaluation.probabilities_of(evaluation.logits_of(run.model, inputs))
    return evaluation.Predictions.of(getattr(run.data, part), run.data.labels, probabilities)
