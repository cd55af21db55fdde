"""Choose the settings of matrix factorization on valid."""

import numpy as np
from numpy.typing import NDArray

from kit.data import Dataset
from kit.evaluation._baselines import fold_in_scorer
from kit.evaluation._evaluate import Scorer
from kit.evaluation._ranking_task import RankingTask
from kit.evaluation._settings_search import Interactions, SettingsSearch
from kit.retrieval import FactorizationSettings, implicit_als

STEPS = 4
SEARCHED_INTERACTIONS = 250_000


def choose_factorization(
    dataset: Dataset,
    task: RankingTask,
    given: FactorizationSettings | None = None,
    *,
    fixed: frozenset[str] = frozenset(),
    weighted: bool = False,
    seed: int = 0,
) -> tuple[FactorizationSettings, NDArray[np.float32]]:
    """Choose L2 weight, weight of unobserved cells and half-life by NDCG@10 on valid.

    One after the other moves as long as the metric gains, the half-life only where it gains
    clearly. Of more than 250,000 interactions, those of a sample of users are searched with.

    Args:
        dataset: the split data.
        task: the valid task.
        given: where the search starts; None is the defaults.
        fixed: names of settings that are not to be changed.
        weighted: whether interactions count by the weight column.
        seed: of the initial vectors and of the sample.

    Returns:
        The settings, and the vectors of items, float32 [items, dim], fitted with them.

    Example:

    >>> from kit.data import open_source, split
    >>> from kit.evaluation import ranking_task
    >>> dataset = split(open_source("online-retail", limit=2000))
    >>> start = FactorizationSettings(dim=4, epochs=2)
    >>> settings, vectors = choose_factorization(dataset, ranking_task(dataset, "valid"), start)
    >>> settings.dim, vectors.shape == (dataset.num_items, 4)
    (4, True)
    """
    interactions = Interactions(dataset, weighted)
    users = np.random.default_rng(seed).permutation(len(interactions.owned))
    reached = np.cumsum(interactions.owned.lengths[users])
    searched = np.sort(users[: np.searchsorted(reached, SEARCHED_INTERACTIONS) + 1])

    def fit(settings: FactorizationSettings) -> tuple[NDArray[np.float32], Scorer]:
        owned = interactions.matrix(settings.half_life)[searched]
        vectors = implicit_als(owned, settings, seed=seed)
        return vectors, fold_in_scorer(vectors, settings)

    search = SettingsSearch(task, given or FactorizationSettings(), fit, fixed)
    for factor in (2.0, 2.0**0.5):
        # The share of the penalty that all vectors have alike is their product.
        both = {"l2": factor, "unobserved": 1 / factor}
        for factors in (both, {"l2": factor}, {"unobserved": factor}):
            search.climb_by_factors(factors, STEPS)
        search.climb_half_life(interactions.span)
    settings = search.best.settings
    if len(searched) == len(users):
        return settings, search.best.model
    return settings, implicit_als(interactions.matrix(settings.half_life), settings, seed=seed)
