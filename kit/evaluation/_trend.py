"""A prior for items that are popular right now."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from kit.data import Dataset, Histories
from kit.evaluation._baselines import as_good_as_best, recent_counts
from kit.evaluation._evaluate import Scorer, Scores, evaluate
from kit.evaluation._ranking_task import Part, RankingTask
from kit.progress import stage

WINDOWS = (1.0, 7.0, 30.0)
# A score is a log-odds: weight 1 adds the rate of the last days once. A larger weight would count
# it more than once, and every user would get the same few items.
WEIGHTS = (0.25, 0.5, 1.0)


@dataclass(frozen=True)
class Trend:
    """`weight` times log(1 + events of the item in the last `days`), added to an item's score.

    Args:
        days: length of the window that ends with the last known event.
        weight: 0 switches it off.

    Example:

    >>> from kit.data import open_source, split
    >>> dataset = split(open_source("online-retail", limit=2000))
    >>> Trend(days=7, weight=1.0).prior(dataset, "test").shape == (dataset.num_items,)
    True
    """

    days: float
    weight: float

    def prior(self, dataset: Dataset, part: Part) -> NDArray[np.float32]:
        """float32 [items], from events before the part begins."""
        if not self.weight or dataset.train.time is None:
            return np.zeros(dataset.num_items, np.float32)
        counts = recent_counts(dataset, part, self.days)
        return (self.weight * np.log1p(counts)).astype(np.float32)


@stage("evaluate")
def choose_trend(dataset: Dataset, task: RankingTask, scorer: Scorer) -> Trend:
    """Choose window and weight by NDCG@10 on valid, with the one-standard-error rule.

    Demand changes with the season while a trained model does not. Counting is cheap, so the prior
    is renewed without training whenever events arrive. As valid covers one season only, the
    smallest weight that is as good as the best by the one-standard-error rule is chosen.

    Args:
        dataset: the split data.
        task: the valid task.
        scorer: the trained model without a prior.

    Returns:
        The trend; weight 0 if it does not help, and for data without time.
    """
    none = Trend(WINDOWS[0], 0.0)
    if dataset.train.time is None or not len(task.users):
        return none
    trends = [none, *(Trend(days, weight) for weight, days in product(WEIGHTS, WINDOWS))]
    found = [
        evaluate(task, _with_prior(scorer, trend.prior(dataset, task.part)), ks=[10])
        for trend in trends
    ]
    users = np.stack([result.per_user["NDCG@10"] for result in found])
    enough = as_good_as_best(users)
    least = min(trend.weight for trend, is_enough in zip(trends, enough, strict=True) if is_enough)
    # Among the windows with that weight, the best one.
    order = np.argsort(-users.mean(axis=1), kind="stable")
    chosen: Trend = next(trends[i] for i in order if trends[i].weight == least)
    return chosen


def _with_prior(scorer: Scorer, prior: NDArray[np.float32]) -> Scorer:
    def score(users: NDArray[np.int32], known: Histories) -> Scores:
        return scorer(users, known) + prior

    return score
