"""What a report tells."""

from dataclasses import dataclass, field

from kit.data import Dataset
from kit.evaluation._evaluate import Evaluation
from kit.evaluation._task import RankingTask


@dataclass(frozen=True)
class Example:
    """What one person would be shown, and why. Nobody is named.

    Args:
        because_of: titles (or ids) of some items of the person's history, latest first.
        recommended: title, score, and the titles of the history's items most similar to it.
    """

    because_of: list[str]
    recommended: list[tuple[str, float, list[str]]]


@dataclass(frozen=True)
class RankingReport:
    """Everything a report on a recommender is made from.

    Args:
        recipe: its name, "two-tower".
        command: what was typed.
        dataset: the split data.
        settings: name to value of what was set or chosen.
        valid_task: the task that training was steered by.
        valid: the model on it.
        test_task: the task that the model is judged by.
        test: the model on it.
        baselines: name to evaluation on the test task.
        left_out: name of a baseline that was not run to the reason.
        cold_users: task and result of test users that are not in train, or None.
        history: one dict an epoch: epoch, loss, NDCG@10 on valid, seconds and what else there is.
        seconds: name of a phase to its duration.
        examples: some recommendations.
        variants: name to evaluation on the test task of the same model, asked otherwise.
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
    variants: dict[str, Evaluation] = field(default_factory=dict)

    @property
    def headline_metric(self) -> str:
        """NDCG@10, or the first metric where 10 is not among the cuts."""
        return "NDCG@10" if "NDCG@10" in self.test.per_user else next(iter(self.test.per_user))

    @property
    def valid_metric(self) -> str | None:
        """The key of the history that holds the ranking metric on valid."""
        keys = self.history[0] if self.history else {}
        return next((key for key in keys if "NDCG@" in key), None)
