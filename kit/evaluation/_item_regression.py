"""Choose the settings of item-to-item regression on valid."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from kit.data import Dataset, Histories, Prepared
from kit.errors import UserError
from kit.evaluation._baselines import (
    EASE_MOST_ITEMS,
    MOST_PAIRS,
    item_weights_scorer,
    pairs_to_count,
)
from kit.evaluation._evaluate import Scorer, Scores, evaluate
from kit.evaluation._ranking_task import RankingTask, valid_task
from kit.evaluation._settings_search import Interactions, SettingsSearch
from kit.retrieval import ItemWeights, item_regression, near_items

L2_STEPS = 7
DROPOUTS = (0.0, 0.2, 0.5)
HALF_LIFE_ITEMS = 1_000
# Of item-to-item weights beside another model.
SHARES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
SCALES = tuple(2.0**power for power in range(9))
SCALED_USERS = 500


@dataclass(frozen=True)
class RegressionSettings:
    """Settings of `kit.retrieval.item_regression`.

    Args:
        l2: weight of the squared norm of an item's weights.
        dropout: rate at which items are dropped from histories, from 0 to below 1.
        half_life: days after which an interaction counts half as much; None or 0 counts all alike.
        neighbours: number of items each item is regressed on; None is all others up to 4,096
            items, else 100.

    Example:

    >>> RegressionSettings(half_life=30).l2
    250.0
    """

    l2: float = 250.0
    dropout: float = 0.0
    half_life: float | None = None
    neighbours: int | None = None


class _Regression:
    """Item-to-item regression on train, to be fitted with several settings."""

    def __init__(
        self,
        dataset: Dataset,
        neighbours: int | None = None,
        weighted: bool = False,
        most_items: int | None = None,
    ) -> None:
        self._interactions = Interactions(dataset, weighted)
        self.span = self._interactions.span
        # None is all items, else those with the most users.
        self._items = None
        if most_items is not None and most_items < dataset.num_items:
            self._items = np.sort(np.argsort(-dataset.user_counts, kind="stable")[:most_items])
        self._near = None
        if self._items is None:
            owned = self._interactions.owned.matrix(dataset.num_items)
            self._near = near_items(owned, neighbours)

    def fit(self, settings: RegressionSettings) -> ItemWeights:
        matrix = self._interactions.matrix(settings.half_life)
        # The method `sqrt` would sort the items of the histories, whose array this is.
        matrix.data = np.sqrt(matrix.data)
        if self._items is None:
            return self._weights(matrix, settings)
        weights = sparse.coo_matrix(self._weights(matrix[:, self._items], settings))
        places = (self._items[weights.row], self._items[weights.col])
        return sparse.csr_matrix((weights.data, places), (matrix.shape[1], matrix.shape[1]))

    def _weights(self, matrix: sparse.csr_matrix, settings: RegressionSettings) -> ItemWeights:
        return item_regression(matrix, l2=settings.l2, dropout=settings.dropout, near=self._near)


def choose_regression(
    dataset: Dataset,
    task: RankingTask,
    given: RegressionSettings = RegressionSettings(),
    *,
    fixed: frozenset[str] = frozenset(),
    weighted: bool = False,
    most_items: int | None = None,
) -> tuple[RegressionSettings, ItemWeights]:
    """Choose L2 weight, half-life and dropout by NDCG@10 on valid, one after the other.

    Each setting moves as long as the metric gains. Half-life and dropout stop at the first step
    that is as good as the best one by the one-standard-error rule: they move only where it helps.

    Args:
        dataset: the split data.
        task: the valid task.
        given: where the search starts.
        fixed: names of settings that are not to be changed.
        weighted: whether interactions count by the weight column.
        most_items: fit only that many items, those with the most users, which is fast; None is all.

    Returns:
        The settings, and the weights fitted with them.

    Example:

    >>> from kit.data import open_source, split
    >>> from kit.evaluation import ranking_task
    >>> dataset = split(open_source("online-retail", limit=2000))
    >>> settings, weights = choose_regression(dataset, ranking_task(dataset, "valid"))
    >>> settings.l2 > 0, weights.shape == (dataset.num_items, dataset.num_items)
    (True, True)
    """
    regression = _Regression(dataset, given.neighbours, weighted, most_items)

    def fit(settings: RegressionSettings) -> tuple[ItemWeights, Scorer]:
        weights = regression.fit(settings)
        return weights, item_weights_scorer(weights)

    search = SettingsSearch(task, given, fit, fixed)
    for _ in range(2):
        search.climb_by_factors({"l2": 2.0}, L2_STEPS)
        search.climb_half_life(regression.span)
        dropout = search.best.settings.dropout
        search.climb([{"dropout": x} for x in DROPOUTS if x > dropout], clearly=True)
    return search.best.settings, search.best.model


def check_half_life(dataset: Dataset, given: float | None) -> None:
    """Raise a UserError where a half-life is given for data without times, or for prepared data."""
    if given and not _is_timed(dataset):
        raise UserError(
            "A half-life needs the times of interactions.",
            where="--half-life",
            expected="a log with a time column that is not prepared on disk",
            remedy="Name it with --time-column, or leave --half-life out.",
        )


def _is_timed(dataset: Dataset) -> bool:
    return dataset.train.time is not None and not isinstance(dataset, Prepared)


def choose_half_life(dataset: Dataset, given: float | None = None) -> float | None:
    """Days after which an interaction counts half as much.

    Args:
        dataset: the split data.
        given: days, 0 where interactions count alike; None chooses on valid, as `choose_regression`
            does, with the items that have the most users.

    Returns:
        Days; None where all interactions count alike, as in data without times.

    Raises:
        UserError: a half-life is given for data without times, or for prepared data.
    """
    check_half_life(dataset, given)
    if given is not None or not _is_timed(dataset):
        return given or None
    searched = frozenset({"l2", "dropout"})
    settings, _ = choose_regression(
        dataset, valid_task(dataset), fixed=searched, most_items=HALF_LIFE_ITEMS
    )
    return settings.half_life or None


@dataclass(frozen=True)
class AddedRegression:
    """An item-to-item regression whose scores are added to those of another model.

    Args:
        factor: of its weights; 0 is none.
        l2: weight of the squared norm of an item's weights.
        dropout: rate at which items are dropped from histories, from 0 to below 1.
        half_life: days after which an interaction counts half as much; None counts all alike.
        weighted: whether interactions count by the weight column.

    Example:

    >>> from kit.data import open_source, split
    >>> dataset = split(open_source("online-retail", limit=2000))
    >>> AddedRegression().weights(dataset) is None
    True
    """

    factor: float = 0.0
    l2: float = 250.0
    dropout: float = 0.0
    half_life: float | None = None
    weighted: bool = False

    def weights(self, dataset: Dataset) -> ItemWeights | None:
        """Weights times the factor, float32 [items, items], fitted on train; None if it is 0."""
        if not self.factor:
            return None
        settings = RegressionSettings(self.l2, self.dropout, self.half_life)
        return _Regression(dataset, weighted=self.weighted).fit(settings) * np.float32(self.factor)


def choose_item_weights(
    dataset: Dataset,
    task: RankingTask,
    scorer: Scorer,
    *,
    half_life: float | None = None,
    weighted: bool = False,
    factor: float | None = None,
    l2: float | None = None,
    dropout: float | None = None,
) -> tuple[AddedRegression, ItemWeights | None]:
    """Choose on valid how much an item-to-item regression adds to the scores of a model.

    L2 weight and dropout are chosen with the items that have the most users, which is fast.

    Args:
        dataset: the split data.
        task: the valid task.
        scorer: the model alone; its scores are logits.
        half_life: days after which an interaction counts half as much; None counts all alike.
        weighted: whether interactions count by the weight column.
        factor: of the weights; None is chosen.
        l2: weight of the squared norm of an item's weights; None is chosen.
        dropout: rate at which items are dropped from histories; None is chosen.

    Returns:
        The regression, and its weights times its factor. The factor is 0, and there are no
        weights, if nothing is gained, without users in valid, of more than 20,000 items, and where
        counting the pairs of items that users have in common takes too long.
    """
    given = {"l2": l2, "dropout": dropout}
    fixed = {name: value for name, value in given.items() if value is not None}
    regression = AddedRegression(factor or 0.0, half_life=half_life, weighted=weighted, **fixed)
    is_costly = dataset.num_items > EASE_MOST_ITEMS or pairs_to_count(dataset) > MOST_PAIRS
    if factor == 0 or is_costly:
        return replace(regression, factor=0.0), None
    if len(task.users) and len(fixed) < len(given):
        settings, _ = choose_regression(
            dataset,
            task,
            RegressionSettings(regression.l2, regression.dropout, half_life),
            fixed=frozenset({"half_life", *fixed}),
            weighted=weighted,
            most_items=HALF_LIFE_ITEMS,
        )
        regression = replace(regression, l2=settings.l2, dropout=settings.dropout)
    if factor is not None or not len(task.users):
        return regression, regression.weights(dataset)
    weights = replace(regression, factor=1.0).weights(dataset)
    assert weights is not None
    of_items = item_weights_scorer(weights)
    scale = softmax_scale(task, of_items)
    factors = [0.0, *(scale * share for share in SHARES)]
    found = [
        evaluate(task, _sum(scorer, of_items, one), ks=[10]).mean("NDCG@10") for one in factors
    ]
    best = factors[int(np.argmax(found))]
    return replace(regression, factor=best), weights * np.float32(best) if best else None


def _sum(first: Scorer, second: Scorer, factor: float) -> Scorer:
    def score(users: NDArray[np.int32], known: Histories) -> Scores:
        scores = first(users, known)
        return scores + np.float32(factor) * second(users, known) if factor else scores

    return score


def softmax_scale(task: RankingTask, scorer: Scorer) -> float:
    """The factor that makes scores logits: with it the softmax fits what users did on valid best.

    Args:
        task: the valid task, of which at most 500 users are looked at.
        scorer: of the model.

    Returns:
        A power of two from 1 to 256; 1 without users.
    """
    rows = np.arange(min(len(task.users), SCALED_USERS))
    if not len(rows):
        return 1.0
    scores = np.array(scorer(task.users[rows], task.known.take(rows)), np.float32)
    seen, relevant = task.seen.take(rows), task.relevant.take(rows)
    scores[seen.row_of_each_item, seen.items] = -np.inf
    targets = scores[relevant.row_of_each_item, relevant.items]
    weight = (1 / np.maximum(relevant.lengths, 1))[relevant.row_of_each_item]
    top = scores.max(axis=1, keepdims=True)

    def fit(scale: float) -> float:
        total = np.log(np.exp(scale * (scores - top)).sum(axis=1)) + scale * top[:, 0]
        gains = scale * targets - total[relevant.row_of_each_item]
        return float((weight * gains).sum())

    return max(SCALES, key=fit)
