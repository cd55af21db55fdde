"""Retrieval: the items that a user should see next."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.config import AnswerOptions, DataOptions, IndexOptions
from kit.tasks._evaluate_export import (
    Export,
    ExportEvaluation,
    PredictionMetrics,
    card_options,
    open_again,
)
from kit.tasks._retraining import drift_note, measure_drift, started_lines, stored_weights
from kit.tasks._task import Comparison, Run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kit.data import Dataset
    from kit.evaluation import DeletionCurve, Evaluation, RankingTask, Scorer, Trend
    from kit.exporting import Recommender
    from kit.exports import LoadedExport, RecommenderCard, SignatureCheck
    from kit.privacy import PrivateItems
    from kit.report import Report
    from kit.retrieval import IndexSettings

    Lists = tuple[list[list[str]], NDArray[np.float32]]


NO_USERS = (
    "the export knows no users and recommends to the histories of requests; the report and these "
    "lines are exact and not part of what is guaranteed"
)
COMPARED = ("NDCG@10", "Recall@10", "Hit@10", "Coverage@10")


@dataclass(frozen=True)
class RetrievalResults:
    """The chosen trend prior, evaluations on valid and test, and how faithful explanations are."""

    trend: "Trend"
    valid: "Evaluation"
    test: "Evaluation"
    baselines: "dict[str, Evaluation]"
    left_out: dict[str, str]
    deletion: "DeletionCurve | None"


@dataclass(kw_only=True)
class Retrieval:
    """A ranking of the catalogue for each user.

    Args:
        answers: how long lists are, and whether items that a user has are left out.
        index: how the export finds the best items.
    """

    answers: AnswerOptions = AnswerOptions()
    index: IndexOptions = IndexOptions()
    index_settings: "IndexSettings" = field(init=False)
    tasks: "tuple[RankingTask, RankingTask]" = field(init=False)
    popularity: "NDArray[np.floating]" = field(init=False)
    name = "retrieval"
    unit = "interactions"
    following = "kit recommend {folder} --examples 3"

    @property
    def exclude_seen(self) -> bool:
        """Whether items that a user has are left out."""
        return not self.answers.include_seen

    def describe(self, data: "Dataset") -> Sequence[str]:
        return data_lines(data, None if data.options is None else data.options.weight_column)

    def warnings(self, data: "Dataset") -> Sequence[str]:
        from kit.data import data_warnings

        return data_warnings(data)

    def check(self, run: Run) -> Sequence[str]:
        # A library that is missing is an error before training, not after it.
        self.index_settings = self.index.settings()
        return started_lines(run)

    def validation(self, run: Run) -> tuple[str, Callable[[], float]]:
        from kit import evaluation

        self.tasks = ranking_tasks(run.data, self.exclude_seen)
        self.popularity = run.data.popularity_with_valid
        return "valid NDCG@10", lambda: evaluation.evaluate(
            self.tasks[0], self.scorer(run.model), ks=[10]
        ).mean("NDCG@10")

    def scorer(self, model: Any) -> "Scorer":
        """Scores by a model as it stands."""
        from kit.evaluation import retrieval_scorer

        return retrieval_scorer(model, self.popularity)

    def calibrate(self, run: Run) -> "tuple[Trend, Evaluation]":
        """Choose the trend prior on valid, and measure the model with it there."""
        import numpy as np

        from kit import evaluation

        model, valid_task = run.model, self.tasks[0]
        model.set_item_prior(np.zeros(run.data.num_items, np.float32))
        if private(model) is not None:
            # The trend counts people exactly.
            return evaluation.Trend(0, 0), evaluation.evaluate(valid_task, self.scorer(model))
        trend = evaluation.choose_trend(run.data, valid_task, self.scorer(model))
        model.set_item_prior(trend.prior(run.data, "valid"))
        return trend, evaluation.evaluate(valid_task, self.scorer(model))

    def evaluate(self, run: Run) -> RetrievalResults:
        from kit import evaluation
        from kit.exporting import explaining_graph

        model, test_task = run.model, self.tasks[1]
        trend, valid = self.calibrate(run)
        model.set_item_prior(trend.prior(run.data, "test"))
        test = evaluation.evaluate(test_task, self.scorer(run.model))
        baselines, left_out = evaluation.evaluated_baselines(run.data, test_task)
        deletion = self.deletion(run, test, explaining_graph(model, run.data))
        measure_drift(run, exclude_seen=self.exclude_seen)
        return RetrievalResults(trend, valid, test, baselines, left_out, deletion)

    def deletion(
        self, run: Run, test: "Evaluation", graph: "Recommender"
    ) -> "DeletionCurve | None":
        """How faithful the explanations of the graph are, for the lists of test."""
        import tensorflow as tf

        from kit.evaluation import deletion_curve

        compiled = (
            tf.function(one, autograph=False, reduce_retracing=True)
            for one in (graph.contributions_of, graph.margins_of)
        )
        return deletion_curve(self.tasks[1], test, *compiled, seed=run.seed)

    def report(self, run: Run, results: RetrievalResults) -> "Report":
        from kit import evaluation
        from kit import report as reports

        valid_task, test_task = self.tasks
        cold = evaluation.ranking_task(
            run.data,
            "test",
            who="cold",
            exclude_seen=self.exclude_seen,
            max_users=evaluation.affordable_users(run.data.num_items, times=4),
        )
        trend = {"trend_days": results.trend.days, "trend_weight": results.trend.weight}
        report = reports.RankingReport(
            recipe=run.recipe,
            command=run.command,
            dataset=run.data,
            settings={**run.settings, **trend},
            valid_task=valid_task,
            valid=results.valid,
            test_task=test_task,
            test=results.test,
            baselines=results.baselines,
            left_out=results.left_out,
            cold_users=(cold, evaluation.evaluate(cold, self.scorer(run.model))),
            history=run.history,
            seconds=run.seconds,
            examples=reports.examples(
                run.data, test_task, results.test, reports.reasons_of(run.model)
            ),
            deletion=results.deletion,
        )
        return reports.ranking_report(report)

    def card(self, run: Run, results: RetrievalResults, facts: Mapping[str, Any]) -> dict[str, Any]:
        found = private(run.model)
        if found is None:
            return {"item_contents": list(run.data.encoded), "dataset": profiled(run, facts)}
        # Sizes and metrics are computed from people's rows without noise.
        return {
            "dataset": {name: facts["data"].get(name, "") for name in ("name", "licence")},
            "results": None,
            "baselines": None,
            "refit": {"epochs": run.epochs},
        }

    def export(
        self, run: Run, results: Any, card: dict[str, Any]
    ) -> "tuple[Path, Sequence[SignatureCheck]]":
        from kit.exporting import export_retrieval

        # A refit is of later data than the model that was measured.
        run.model.set_item_prior(results.trend.prior(run.data, "test"))
        if (found := private(run.model)) is not None:
            card = {**card, "privacy": found.card()}
        return export_retrieval(
            run.model,
            run.data,
            run.output,
            k=self.answers.top,
            exclude_seen=self.exclude_seen,
            known_users=self.answers.known_users,
            index=self.index_settings,
            contents=[content for content, _ in run.data.contents],
            stored=stored_weights(run),
            card=card,
        )

    def tables(
        self, run: Run, results: RetrievalResults, facts: Mapping[str, Any]
    ) -> Sequence[Comparison]:
        test_task = self.tasks[1]
        found, popular = private(run.model), results.baselines.get("popular")
        notes = [test_task.evaluated, *drift_note(run)]
        if found and popular and results.test.mean("NDCG@10") < popular.mean("NDCG@10"):
            notes.append(
                f"{run.data.num_users:,} users are too few for epsilon {found.epsilon:g}: the "
                "popular list is better"
            )
        return [
            Comparison(
                title=test_task.protocol,
                systems={run.recipe: results.test, **results.baselines},
                metrics=COMPARED,
                left_out=results.left_out,
                notes=notes,
            )
        ]

    def export_lines(self, version: Path) -> Sequence[str]:
        from kit.exports import index_line, recommender_card

        card = recommender_card(version)
        lines = [f"index:     {index_line(card)}"]
        if card.privacy is not None:
            lines += [f"privacy:   {card.guarantee}", f"privacy:   {NO_USERS}"]
        elif card.refit is None:
            lines.append("refit:     none; --refit exports a model of all rows, for what goes live")
        return lines

    @classmethod
    def open_again(cls, card: "RecommenderCard", source: str | None) -> "Dataset":
        from kit.data import is_prepared

        opened = card_options(DataOptions, card, source)
        if source is None and opened.split is None and not is_prepared(opened.data):
            # The default follows from the data and from the version: another split than that of
            # the training would test on what the model was trained on.
            method = re.match("[a-z-]+", (card.dataset or {}).get("split") or "")
            opened = replace(opened, split=method[0] if method else None)
        return open_again(opened, lambda o: o.dataset())

    @classmethod
    def predict_export(
        cls, export: Export, data: "Dataset", *, max_users: int | None = None
    ) -> ExportEvaluation:
        from kit.data import note_lines
        from kit.evaluation import affordable_users, evaluate_lists, ranking_task
        from kit.exports import LoadedExport

        loaded = LoadedExport(export.version, trust=export.trust)
        task = ranking_task(
            data,
            "test",
            exclude_seen=loaded.card.exclude_seen,
            max_users=max_users or affordable_users(data.num_items, times=4),
        )
        knows = loaded.card.known_users
        answers = loaded.top_lists if knows else by_history(loaded, data)
        found = evaluate_lists(task, data, answers)
        return ExportEvaluation(
            [PredictionMetrics(task.protocol, loaded.card.recipe, found, COMPARED)],
            [*note_lines(data), f"note:      {task.evaluated}"],
        )


def profiled(run: Run, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts on the data of a run, with the profile that `kit data --against` compares with."""
    from kit.data import LogProfile

    return {**facts["data"], "profile": LogProfile.of(run.data).card()}


def private(model: Any) -> "PrivateItems | None":
    """What a model was fitted by, if with differential privacy."""
    return getattr(model, "private", None)


def by_history(loaded: "LoadedExport", data: "Dataset") -> "Callable[[list[str]], Lists]":
    """Asks an export that knows no users for lists by their histories of train and valid."""
    import numpy as np

    from kit.data import histories

    owned = histories([data.train, data.valid], data.num_users).below(data.num_items)
    codes = {user: code for code, user in enumerate(data.user_ids.tolist())}

    def answers(users: list[str]) -> "Lists":
        some = owned.take(np.array([codes[user] for user in users]))
        rows = np.split(data.item_ids[some.items], some.offsets[1:-1])
        return loaded.lists_of_histories([row.tolist() for row in rows])

    return answers


def ranking_tasks(dataset: "Dataset", exclude_seen: bool) -> "tuple[RankingTask, RankingTask]":
    """What valid and test are measured on.

    Args:
        dataset: the split data.
        exclude_seen: whether items that a user has are left out.
    """
    from kit.evaluation import affordable_users, ranking_task, valid_task

    return (
        valid_task(dataset, exclude_seen=exclude_seen),
        ranking_task(
            dataset,
            "test",
            exclude_seen=exclude_seen,
            max_users=affordable_users(dataset.num_items, times=4),
        ),
    )


def data_lines(dataset: "Dataset", weight_column: str | None) -> list[str]:
    """What a model is going to learn from."""
    from kit.data import note_lines

    ratings = rating_line(dataset, weight_column)
    return [
        f"data:      {len(dataset.train):,} interactions in train, {dataset.num_users:,} users, "
        f"{dataset.num_items:,} items; split {dataset.split}",
        *note_lines(dataset),
        *([] if ratings is None else [ratings]),
    ]


def rating_line(dataset: "Dataset", weight_column: str | None) -> str | None:
    """What is done with ratings; None where the data have none."""
    from kit.data import Prepared

    if dataset.train.weight is None:
        return None
    if weight_column:
        return (
            f"ratings:   the larger {weight_column}, the more an interaction counts in training; "
            "evaluation counts each one alike"
        )
    weight = dataset.train.weight
    low, high = (f"{float(one):g}" for one in (weight.min(), weight.max()))
    if low == high:
        return None
    source = "of the source " if isinstance(dataset, Prepared) else ""
    return (
        f"ratings:   rows of {low} and of {high} count alike as interactions; training {source}"
        "with --min-weight leaves low ones out, with --weight-column NAME high ones count more"
    )
