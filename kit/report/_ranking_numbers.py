"""The estimates of a recommender's report, and its examples."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kit.data import Dataset, item_names, user_counts
from kit.evaluation import DeletionCurve, Evaluation, RankingTask
from kit.metrics import Estimate, Estimates, bootstrap_intervals
from kit.progress import stage
from kit.report._report import plain, versions
from kit.retrieval import explain_by_history, most_positive

if TYPE_CHECKING:
    from kit.models import RetrievalModel


@dataclass(frozen=True)
class Example:
    """Recommendations for one user, anonymous, with the items that explain them.

    Args:
        because_of: titles (or ids) of some items of the user's history, latest first.
        recommended: title, score, and the titles of the history's items most similar to it.
    """

    because_of: list[str]
    recommended: list[tuple[str, float, list[str]]]


@dataclass(frozen=True)
class RankingReport:
    """The content of a recommender's report.

    Args:
        recipe: its name, "two-tower".
        command: the command line.
        dataset: the split data.
        settings: name to value, given or chosen.
        valid_task: the task that selected the model.
        valid: the model on it.
        test_task: the task of the reported metrics.
        test: the model on it.
        baselines: name to evaluation on the test task.
        left_out: name of a baseline that was not run to the reason.
        cold_users: task and result of test users that are not in train, or None.
        history: one dict an epoch: epoch, loss, NDCG@10 on valid, seconds and further values.
        seconds: name of a phase to its duration.
        examples: some recommendations.
        deletion: how faithful the explanations are; None if that was not measured.
        variants: name to evaluation on the test task of the same model, used in another way.
    """

    recipe: str
    command: str
    dataset: Dataset
    settings: dict[str, object]
    valid_task: RankingTask
    valid: Evaluation
    test_task: RankingTask
    test: Evaluation
    baselines: dict[str, Evaluation]
    left_out: dict[str, str]
    cold_users: tuple[RankingTask, Evaluation] | None
    history: list[dict[str, float]]
    seconds: dict[str, float]
    examples: list[Example]
    deletion: DeletionCurve | None = None
    variants: dict[str, Evaluation] = field(default_factory=dict)

    @property
    def headline_metric(self) -> str:
        """NDCG@10, or the first metric if 10 is not among the cut-offs."""
        return "NDCG@10" if "NDCG@10" in self.test.per_user else next(iter(self.test.per_user))

    @property
    def valid_metric(self) -> str | None:
        """The key of the history that holds the ranking metric on valid."""
        keys = self.history[0] if self.history else {}
        return next((key for key in keys if "NDCG@" in key), None)


@dataclass(frozen=True)
class Numbers:
    """Estimates of everything that was evaluated.

    Args:
        test: metric to estimate, the model on test.
        valid: the model on valid.
        cold_users: the model on cold users of test, or None.
        baselines: name to estimates on test.
        differences: name of a baseline or variant to the paired differences, model minus that.
        variants: name to estimates on test.
    """

    test: Estimates
    valid: Estimates
    cold_users: Estimates | None
    baselines: dict[str, Estimates]
    differences: dict[str, Estimates]
    variants: dict[str, Estimates]

    def best_baseline(self, metric: str) -> str | None:
        """The baseline with the largest mean; None where there is no baseline or no user."""
        means = {name: found[metric].mean for name, found in self.baselines.items()}
        means = {name: mean for name, mean in means.items() if not math.isnan(mean)}
        return max(means, key=means.__getitem__) if means else None


def numbers_of(report: RankingReport) -> Numbers:
    """Estimate everything in a report.

    Raises:
        ValueError: a baseline was evaluated on other users or other metrics than the model.
    """
    model = report.test.per_user
    others = {**report.baselines, **report.variants}
    for name, baseline in others.items():
        if {m: len(v) for m, v in baseline.per_user.items()} != {
            m: len(v) for m, v in model.items()
        }:
            raise ValueError(f"Evaluate {name} on the test task, with the cut-offs of the model.")
    return Numbers(
        test=estimates(report.test),
        valid=estimates(report.valid),
        cold_users=None if report.cold_users is None else estimates(report.cold_users[1]),
        baselines={name: estimates(baseline) for name, baseline in report.baselines.items()},
        differences={
            name: _of_users({m: model[m] - baseline.per_user[m] for m in model})
            for name, baseline in others.items()
        },
        variants={name: estimates(variant) for name, variant in report.variants.items()},
    )


def as_json(report: RankingReport, numbers: Numbers) -> dict[str, Any]:
    """The content of metrics.json: plain values, null where a number does not exist."""
    content = {
        "recipe": report.recipe,
        "command": report.command,
        "test": _part(report.test_task, numbers.test),
        "valid": _part(report.valid_task, numbers.valid),
        "cold_users": None
        if report.cold_users is None or numbers.cold_users is None
        else _part(report.cold_users[0], numbers.cold_users),
        "baselines": {
            name: {"metrics": estimates, "model_minus_baseline": numbers.differences[name]}
            for name, estimates in numbers.baselines.items()
        },
        "baselines_left_out": report.left_out,
        "variants": {
            name: {"metrics": estimates, "model_minus_variant": numbers.differences[name]}
            for name, estimates in numbers.variants.items()
        },
        "deletion": None if report.deletion is None else report.deletion.facts(),
        "data": data_facts(report.dataset),
        "settings": report.settings,
        "seconds": report.seconds,
        "versions": versions(),
    }
    facts = plain(content)
    assert isinstance(facts, dict)
    return facts


def data_facts(dataset: Dataset) -> dict[str, Any]:
    """Size, cleaning, split and licence of the data."""
    parts = {part: len(getattr(dataset, part)) for part in ("train", "valid", "test")}
    rows = sum(parts.values())
    users, items = len(dataset.user_ids), len(dataset.item_ids)
    dropped = sum(step.rows for step in dataset.cleaning if step.of_log)
    pairs = int(user_counts([dataset.train, dataset.valid, dataset.test], items).sum())
    return {
        "name": dataset.name,
        "rows_read": rows + dropped,
        "rows": rows,
        "rows_of_part": parts,
        "users": users,
        "users_in_train": dataset.num_users,
        "items": items,
        "items_in_train": dataset.num_items,
        "density": pairs / (users * items),
        "cleaning": [{"dropped": step.name, "rows": step.rows} for step in dataset.cleaning],
        "split": dataset.split,
        "cold": dataset.cold,
        "licence": dataset.licence,
    }


def estimates(evaluation: Evaluation) -> Estimates:
    """Every metric of an evaluation, with intervals where they are means over users."""
    of_lists = {**evaluation.coverage, **evaluation.novelty}
    return {
        **_of_users(evaluation.per_user),
        **{metric: Estimate(value) for metric, value in of_lists.items()},
    }


def _of_users(per_user: Mapping[str, np.ndarray[Any, Any]]) -> Estimates:
    values = np.stack(list(per_user.values()), axis=1)
    means = values.mean(axis=0) if len(values) else np.full(len(per_user), np.nan)
    return {
        metric: Estimate(float(mean), float(low), float(high))
        for metric, mean, (low, high) in zip(
            per_user, means, bootstrap_intervals(values), strict=True
        )
    }


def _part(task: RankingTask, estimates: Estimates) -> dict[str, Any]:
    return {"protocol": task.protocol, "counts": task.counts, "metrics": estimates}


SHOWN = 5

Reasons = Callable[[NDArray[np.int32], NDArray[np.int32]], Sequence[Sequence[int]]]
"""Codes of a history [m] and of recommended items [n] -> for each item, places in the history."""


def reasons_of(model: "RetrievalModel") -> Reasons:
    """What explains the recommendations of a model.

    Of linear models, iALS and two-towers the two items that add most to the score, of others the
    two items whose vectors are nearest by cosine.
    """
    # Here, as reports of baselines are made without TensorFlow.
    from kit.models import ImplicitALS, LinearRecommender, TwoTower

    if isinstance(model, LinearRecommender):
        weights = model.item_weights()

        def added(history: NDArray[np.int32], items: NDArray[np.int32]) -> list[list[int]]:
            block = weights[history][:, items]
            votes = block if isinstance(block, np.ndarray) else block.toarray()
            return most_positive(votes.T)

        return added
    if isinstance(model, TwoTower | ImplicitALS):
        own = model
        return lambda history, items: most_positive(own.contributions(history + 1, items + 1).T)
    vectors = np.asarray(model.item_vectors(), np.float32)[1:, :-1]

    def nearest(history: NDArray[np.int32], items: NDArray[np.int32]) -> list[list[int]]:
        places: list[list[int]] = explain_by_history(vectors[items], vectors[history]).tolist()
        return places

    return nearest


@stage("report")
def examples(
    dataset: Dataset,
    task: RankingTask,
    result: Evaluation,
    reasons: Reasons,
    *,
    count: int = 3,
    seed: int = 0,
) -> list[Example]:
    """Anonymous examples: recent items of some users, and their recommendations with explanations.

    Args:
        dataset: names the items.
        task: its users with at least five seen items are sampled.
        result: the lists.
        reasons: explains recommended items by a history.
        count: number of users.
        seed: of the sample.
    """
    names = item_names(dataset)
    rows = np.flatnonzero(task.known.lengths >= SHOWN)
    drawn = np.random.default_rng(seed).permutation(rows)[:count]
    found = []
    for row in drawn:
        history = task.known.take(np.array([row])).items
        shown = result.top[row] >= 0
        top, scores = (lists[row][shown][:SHOWN] for lists in (result.top, result.scores))
        explained = reasons(history, top)
        found.append(
            Example(
                because_of=[names[item] for item in history[::-1][:SHOWN]],
                recommended=[
                    (names[item], float(score), [names[history[place]] for place in places])
                    for item, score, places in zip(top, scores, explained, strict=True)
                ],
            )
        )
    return found
