"""Uplift: what a treatment changes, and whom to treat."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.config import CampaignOptions
from kit.errors import UserError
from kit.tasks._evaluate_export import (
    Export,
    ExportEvaluation,
    PredictionMetrics,
    card_options,
    open_again,
)
from kit.tasks._task import Comparison, Results, Run, report_facts

if TYPE_CHECKING:
    from kit.data.campaign import CampaignData
    from kit.data.table import TableEncoder
    from kit.evaluation import Randomisation, UpliftPredictions
    from kit.exports import SignatureCheck, UpliftCard
    from kit.report import Report

ROWS_AT_ONCE = 4096
NETWORK, S_LEARNER, T_LEARNER = "network", "s-learner", "t-learner"


@dataclass
class UpliftParts:
    """What the task needs beside the network.

    Args:
        encoder: of the features.
        valid: logits of valid by the network that was trained on train alone, before it was trained
            on valid, too; None if it was not.
    """

    encoder: "TableEncoder"
    valid: Any = None


class UpliftTask:
    """Uplift of every arm; `parts` of the run are `UpliftParts`.

    Args:
        learner: "network", "s-learner" or "t-learner"; "auto" takes the one with the best Qini
            coefficient on valid.
        share: of people that policies treat at most.
    """

    name = "uplift"
    unit = "rows"
    following = "kit evaluate {folder}"
    _matrix: Any
    _random: "Randomisation"

    def __init__(self, learner: str = "auto", share: float = 0.3) -> None:
        self.learner, self.share = learner, share

    def describe(self, data: "CampaignData") -> Sequence[str]:
        from kit.data import note_lines

        counts = ", ".join(
            f"{name} {int((data.train.arm == arm).sum()):,}" for arm, name in enumerate(data.arms)
        )
        return [
            f"data:      {len(data.train):,} rows in train ({counts}), "
            f"{len(data.schema.features)} features; outcome {data.outcome}",
            f"control:   {data.arms[0]}",
            f"split:     {data.split}",
            *note_lines(data),
        ]

    def warnings(self, data: "CampaignData") -> Sequence[str]:
        from kit.data.campaign import outcome_warnings

        return outcome_warnings(data)

    def check(self, run: Run) -> Sequence[str]:
        from kit import evaluation

        self._matrix = evaluation.CampaignMatrix.of(run.data, run.built.parts.encoder)
        self._random = evaluation.randomisation(self._matrix)
        _check_random(run.data, self._random)
        return [f"arms:      {self._random.line}"]

    def validation(self, run: Run) -> tuple[str, Callable[[], float]]:
        from kit import evaluation

        valid = run.built.parts.encoder.encode(run.data.valid.features, whole=True)

        def measure() -> float:
            found = evaluation.probabilities_of(evaluation.logits_of(run.model, valid))
            return evaluation.outcome_log_likelihood(run.data.valid, found)

        return "valid log-likelihood", measure

    def evaluate(self, run: Run) -> Results:
        from kit import evaluation

        data, encoder, matrix = run.data, run.built.parts.encoder, self._matrix
        inputs = {
            part: encoder.encode(getattr(data, part).features, whole=True)
            for part in ("valid", "test")
        }
        learners = {
            S_LEARNER: evaluation.s_learner(matrix),
            T_LEARNER: evaluation.t_learner(matrix),
        }
        models = {NETWORK: run.model, **{name: x.complete for name, x in learners.items()}}
        before = {name: x.train for name, x in learners.items()}
        known = run.built.parts.valid
        logits = {
            NETWORK: evaluation.logits_of(run.model, inputs["valid"]) if known is None else known,
            **{name: evaluation.logits_of(x, inputs["valid"]) for name, x in before.items()},
        }
        on_test = {name: evaluation.logits_of(x, inputs["test"]) for name, x in models.items()}
        valid = self._systems(data, "valid", matrix, logits, NETWORK)
        qini = {name: valid[name].mean_qini() for name in models}
        chosen = max(qini, key=lambda name: qini[name])
        if self.learner != "auto":
            chosen = self.learner
        test = self._systems(data, "test", matrix, on_test, chosen)
        run.settings |= {f"Qini x 1000 on valid, {name}": round(x, 2) for name, x in qini.items()}
        run.settings |= {f"penalty of the {name}": x.penalty for name, x in learners.items()}
        run.settings |= {"exported": chosen, "randomisation": self._random.line}
        run.model, run.built = models[chosen], replace(run.built, name=chosen)
        found = self._systems(data, "valid", matrix, logits, chosen)[chosen]
        return Results(found, test.pop(chosen), test)

    def _systems(
        self,
        data: "CampaignData",
        part: str,
        matrix: Any,
        logits: Mapping[str, Any],
        nuisance: str,
    ) -> "dict[str, UpliftPredictions]":
        from kit import evaluation

        return evaluation.uplift_systems(
            data,
            part,
            {name: evaluation.probabilities_of(x) for name, x in logits.items()},
            evaluation.response_model(matrix, part),
            share=self.share,
            nuisance=nuisance,
        )

    def report(self, run: Run, results: Results) -> "Report":
        from kit.report import UpliftReport, uplift_report

        facts = report_facts(run, results)
        return uplift_report(UpliftReport(**facts, share=self.share, random=self._random))

    def card(self, run: Run, results: Results, facts: Mapping[str, Any]) -> dict[str, Any]:
        return {"model": run.built.name, "share": self.share}

    def export(
        self, run: Run, results: Any, card: dict[str, Any]
    ) -> "tuple[Path, Sequence[SignatureCheck]]":
        from kit.exporting import export_uplift

        return export_uplift(run.model, run.data, run.built.parts.encoder, run.output, card=card)

    def tables(self, run: Run, results: Results, facts: Mapping[str, Any]) -> Sequence[Comparison]:
        return [
            Comparison(
                title=facts["test"]["protocol"],
                systems={run.built.name: results.test, **results.baselines},
                metrics=results.test.metrics,
                notes=facts["verdicts"],
            )
        ]

    def export_lines(self, version: Path) -> Sequence[str]:
        return ()

    @classmethod
    def open_again(cls, card: "UpliftCard", source: str | None) -> "CampaignData":
        options = card_options(CampaignOptions, card, source)
        data = open_again(options, lambda options: options.dataset())
        if list(data.arms) != list(card.arms):
            raise UserError(
                f"The campaign has the arms {', '.join(data.arms)}.",
                where=data.name,
                expected=f"those of the model: {', '.join(card.arms)}",
                remedy="Evaluate it on a campaign with its own arms.",
            )
        return data

    @classmethod
    def predict_export(
        cls, export: Export, data: "CampaignData", *, max_users: int | None = None
    ) -> ExportEvaluation:
        import numpy as np
        import tensorflow as tf

        from kit import evaluation
        from kit.data import note_lines
        from kit.data.table import schema_from
        from kit.exports import raw_inputs
        from kit.models import campaign_encoder

        if not data.has_propensities:
            matrix = evaluation.CampaignMatrix.of(data, campaign_encoder(data))
            _check_random(data, evaluation.randomisation(matrix))
        model, card = export.load(), export.card
        features = schema_from(card.schema, where=str(export.version)).features
        found = []
        for start in range(0, len(data.test), ROWS_AT_ONCE):
            rows = data.test.features[start : start + ROWS_AT_ONCE]
            answer = model.signatures["serving_default"](
                **{name: tf.constant(x) for name, x in raw_inputs(rows, features).items()}
            )
            found.append(answer["response"].numpy())
        response = np.concatenate(found)
        uplift = evaluation.uplift_of(response)
        predictions = evaluation.UpliftPredictions(
            data.test,
            data.arms,
            uplift,
            evaluation.by_uplift(uplift, card.share),
            response.astype(np.float64),
        )
        protocol = evaluation.uplift_protocol(data, "test", card.share)
        metrics = PredictionMetrics(protocol, card.model, predictions, predictions.metrics)
        return ExportEvaluation([metrics], note_lines(data))


def _check_random(data: "CampaignData", found: "Randomisation") -> None:
    """No difference between arms is an effect where the arms were not drawn at random."""
    if found.is_random or data.has_propensities:
        return
    arm = found.predicted[0]
    feature = found.telling[arm]
    raise UserError(
        f"The arms were not drawn at random: {found.line}. What differs between them is no effect "
        "of the treatment.",
        where=f"{data.name}, column {data.columns['treatment']}",
        expected="arms that the features do not tell, or the probability with which each row was "
        "put into its arm",
        remedy=f"The column '{feature}' tells the arm '{arm}' most: if it was recorded after the "
        f"treatment, --ignore {feature}. Otherwise name the probabilities: "
        "--propensity-column NAME",
    )
