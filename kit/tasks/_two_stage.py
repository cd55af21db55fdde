"""Retrieval and ranking in one export."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kit.errors import UserError
from kit.tasks._retrieval import COMPARED, Retrieval, profiled
from kit.tasks._task import Comparison, Run

if TYPE_CHECKING:
    import numpy as np

    from kit.data import Dataset
    from kit.evaluation import CandidateLists, DeletionCurve, Evaluation, Trend
    from kit.exporting import SecondStage, TwoStageRecommender
    from kit.exports import SignatureCheck
    from kit.models import CandidateRanking, TwoTower
    from kit.report import Report

RETRIEVAL, BOTH = "retrieval alone", "two-stage"
DIVERSITIES = (0.1, 0.3)
MOST_LISTS = 20_000


@dataclass(frozen=True)
class TwoStageResults:
    """Evaluations by system, the second stage as it is exported, and its explanations."""

    valid: "dict[str, Evaluation]"
    test: "dict[str, Evaluation]"
    simple: "dict[str, Evaluation]"
    left_out: dict[str, str]
    stage: "SecondStage"
    deletion: "DeletionCurve | None"


@dataclass(kw_only=True)
class TwoStage(Retrieval):
    """A ranking of what retrieval found, see `Retrieval`.

    Args:
        candidates: items that retrieval hands on to ranking.
        diversity: of exported lists, 0 to 1.
        category_column: of the items, of which a request may limit each value.
    """

    candidates: int
    diversity: float
    category_column: str | None
    name = "two-stage"
    trend: "Trend" = field(init=False)
    ranking: "CandidateRanking" = field(init=False)

    def check(self, run: Run) -> Sequence[str]:
        from kit.data import Attributes

        attributes = Attributes.of(run.data.items, key="item_id", rows=run.data.num_items)
        columns = sorted({value.split("=", 1)[0] for value in attributes.values})
        if self.category_column is not None and self.category_column not in columns:
            raise UserError(
                f"The items have no column {self.category_column!r} of few values.",
                where=f"--category-column, {run.data.name}",
                expected=", ".join(columns) or "a table of items: --items FILE",
                remedy="Name one of these, or leave the option out.",
            )
        return super().check(run)

    def choose_trend(self, run: Run) -> None:
        """Choose the trend prior of the trained retrieval model."""
        from kit.evaluation import choose_trend

        self.trend = choose_trend(run.data, self.tasks[0], self.scorer(run.model))

    def lists(self, run: Run) -> "CandidateLists":
        """The candidates of valid."""
        return self._lists(run.model, run.data, self.tasks[0])

    def later_lists(self, run: Run, earlier: "Dataset", model: "TwoTower") -> "CandidateLists":
        """Candidates of the later part of train, by a model of the earlier part."""
        from kit.evaluation import ranking_task

        task = ranking_task(
            earlier,
            "valid",
            exclude_seen=self.exclude_seen,
            max_users=MOST_LISTS,
            seed=run.seed,
        )
        found = self._lists(model, earlier, task)
        found = found.where(found.taken.any(axis=1) & (task.known.lengths > 0))
        if not len(found.items):
            raise UserError(
                "No user has a candidate in the later part of train: there is nothing to rank by.",
                where=earlier.name,
                expected="users who come back",
                remedy="Give more rows or --candidates, or train one stage: kit train two-tower.",
            )
        return found

    def _lists(self, model: "TwoTower", data: "Dataset", task: Any) -> "CandidateLists":
        from kit.evaluation import candidate_features, candidate_lists

        model.set_item_prior(self.trend.prior(data, task.part))
        known = candidate_features(data, task.part, vectors(model))
        return candidate_lists(task, self.scorer(model), known, self.candidates)

    def measure(self, lists: "CandidateLists", ranking: "CandidateRanking") -> float:
        """NDCG@10 on valid of candidates ordered by the ranking model."""
        from kit.evaluation import ranked_lists

        return ranked_lists(self.tasks[0], lists, ranking, [10]).mean("NDCG@10")

    def evaluate(self, run: Run) -> TwoStageResults:  # type: ignore[override]
        from kit import evaluation

        (valid, _, _), (test, stage, graph) = (self._evaluated(run, task) for task in self.tasks)
        simple, left_out = evaluation.evaluated_baselines(run.data, self.tasks[1])
        diverse = {
            name: evaluation.with_diversity(result, stage.tables.vectors)
            for name, result in simple.items()
        }
        deletion = self.deletion(run, test[BOTH], graph)
        return TwoStageResults(valid, test, diverse, left_out, stage, deletion)

    def second_stage(
        self, model: "TwoTower", data: "Dataset", part: Literal["valid", "test"]
    ) -> "SecondStage":
        """The ranking of what a retrieval model finds when a part begins; sets its trend prior."""
        from kit.exporting import SecondStage
        from kit.models import CandidateTables

        model.set_item_prior(self.trend.prior(data, part))
        past = [data.train, *([data.valid] if part == "test" else [])]
        return SecondStage(
            model=self.ranking,
            tables=CandidateTables.of(vectors(model), past, data.num_users),
            candidates=self.candidates,
            diversity=self.diversity,
            category_column=self.category_column,
        )

    def with_retrieval(self, run: Run, results: TwoStageResults) -> TwoStageResults:
        """The results with the retrieval model of another run in the second stage to be exported.

        The ranking model stays: it reads features of the moment, not ids.
        """
        return replace(results, stage=self.second_stage(run.model, run.data, "test"))

    def _evaluated(
        self, run: Run, task: Any
    ) -> "tuple[dict[str, Evaluation], SecondStage, TwoStageRecommender]":
        """Both stages through the graph that is exported."""
        from kit import evaluation
        from kit.exporting import TwoStageRecommender, lists_of, retrieval_parts

        model, data = run.model, run.data
        stage = self.second_stage(model, data, task.part)
        graph = TwoStageRecommender(
            retrieval_parts(model, data, with_valid=task.part == "test"),
            stage,
            k=max(self.answers.top, 20),
            exclude_seen=self.exclude_seen,
            index=self.index_settings,
        )
        found = {
            RETRIEVAL: evaluation.evaluate(task, self.scorer(model)),
            BOTH: evaluation.evaluate_lists(task, data, lists_of(graph, 0.0)),
        }
        for share in DIVERSITIES:
            lists = lists_of(graph, share)
            found[f"diversity {share}"] = evaluation.evaluate_lists(task, data, lists)
        diverse = {
            name: evaluation.with_diversity(result, stage.tables.vectors)
            for name, result in found.items()
        }
        return diverse, stage, graph

    def report(self, run: Run, results: TwoStageResults) -> "Report":  # type: ignore[override]
        from kit import report as reports

        valid_task, test_task = self.tasks
        test = results.test
        report = reports.RankingReport(
            recipe=run.recipe,
            command=run.command,
            dataset=run.data,
            settings={
                **run.settings,
                "trend_days": self.trend.days,
                "trend_weight": self.trend.weight,
                "best_valid_retrieval": results.valid[RETRIEVAL].mean("NDCG@10"),
            },
            valid_task=valid_task,
            valid=results.valid[BOTH],
            test_task=test_task,
            test=test[BOTH],
            baselines={RETRIEVAL: test[RETRIEVAL], **results.simple},
            left_out=results.left_out,
            cold_users=None,
            history=run.history,
            seconds=run.seconds,
            examples=reports.examples(
                run.data, test_task, test[BOTH], reports.reasons_of(run.model)
            ),
            deletion=results.deletion,
            variants={name: r for name, r in test.items() if name.startswith("diversity")},
        )
        return reports.ranking_report(report)

    def card(self, run: Run, results: Any, facts: Mapping[str, Any]) -> dict[str, Any]:
        return {"dataset": profiled(run, facts)}

    def export(
        self, run: Run, results: Any, card: dict[str, Any]
    ) -> "tuple[Path, Sequence[SignatureCheck]]":
        from kit.exporting import export_two_stage

        return export_two_stage(
            run.model,
            results.stage,
            run.data,
            run.output,
            k=self.answers.top,
            exclude_seen=self.exclude_seen,
            known_users=self.answers.known_users,
            index=self.index_settings,
            card=card,
        )

    def tables(self, run: Run, results: Any, facts: Mapping[str, Any]) -> Sequence[Comparison]:
        from kit.evaluation import difference_in_words as words

        task, test = self.tasks[1], results.test
        notes = [f"stages:    two-stage against {RETRIEVAL}: {words(test[BOTH], test[RETRIEVAL])}"]
        for share in DIVERSITIES:
            for metric in ("NDCG@10", "Diversity@10"):
                change = words(test[f"diversity {share}"], test[BOTH], metric)
                notes.append(f"stages:    diversity {share}: {change}")
        return [
            Comparison(
                title=task.protocol,
                systems={**test, **results.simple},
                metrics=COMPARED,
                left_out=results.left_out,
                notes=[task.evaluated, *notes],
            )
        ]


def vectors(model: "TwoTower") -> "np.ndarray":
    """The items' vectors without their bias, float32 [items, dim]."""
    import numpy as np

    return np.asarray(model.item_vectors(), np.float32)[1:, :-1]
