"""Baselines of recommenders, full ranking."""

from collections.abc import Callable

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from kit.data import Dataset, Events, Histories, counted, histories
from kit.evaluation._evaluate import Evaluation, Scorer, Scores, evaluate
from kit.evaluation._ranking_task import Part, RankingTask, valid_task
from kit.progress import stage
from kit.retrieval import (
    FactorizationSettings,
    ItemWeights,
    fold_in,
    implicit_als,
    item_cooccurrence,
    item_regression,
    positive_definite_inverse,
    votes,
)

EASE_MOST_ITEMS = 20_000
EASE_TUNED_ITEMS = 5_000
BLOCK_OF_NUMBERS = 2**24
MOST_PAIRS = 2**30
IALS_MOST_INTERACTIONS = 5_000_000
IALS_TUNED_INTERACTIONS = 500_000
# Weights of the penalty and of unobserved cells: where one is larger, the other has to be smaller.
IALS_WEIGHTS = ((0.01, 0.3), (0.005, 0.6), (0.04, 0.075))
DAY = 86_400


def popular(dataset: Dataset, part: Part = "test") -> Scorer:
    """Every user gets the items with the most users.

    Args:
        dataset: the split data.
        part: the part to evaluate; counts are of train, at test time of valid too.

    Example:

    >>> from kit.data import open_source, split
    >>> dataset = split(open_source("online-retail", limit=2000))
    >>> popular(dataset)(np.array([0, 1]), None).shape == (2, dataset.num_items)
    True
    """
    at_test = part == "test"
    return _same_for_all(dataset.user_counts_with_valid if at_test else dataset.user_counts)


def recently_popular(dataset: Dataset, part: Part = "test", *, days: float = 7) -> Scorer:
    """Every user gets the items with the most interactions in the days before the part begins.

    Ties, such as items without recent interactions, are ordered by `popular`.

    Args:
        dataset: the split data; needs times.
        part: "valid" or "test".
        days: length of the window that ends with the last known event.

    Raises:
        ValueError: the data have no time.
    """
    counts = recent_counts(dataset, part, days)
    overall = popular(dataset, part)(np.zeros(1, np.int32), _nobody())[0]
    return _same_for_all(counts + overall / (overall.max() + 1))


def recent_counts(dataset: Dataset, part: Part, days: float) -> NDArray[np.int64]:
    """int64 [items]: interactions of each item in the last days before a part begins.

    Raises:
        ValueError: the data have no time.
    """
    known = [
        (events.time, events.item, events.item < dataset.num_items)
        for events in past_events(dataset, part)
        if events.time is not None
    ]
    if not known:
        raise ValueError("Recently popular needs a time column.")
    begin = max(int(time[warm].max()) for time, _, warm in known if warm.any()) - days * DAY
    counts = np.zeros(dataset.num_items, np.int64)
    for time, item, warm in known:
        counts += np.bincount(item[warm & (time > begin)], minlength=dataset.num_items)
    return counts


def item_knn(dataset: Dataset, *, neighbours: int = 100) -> Scorer:
    """Items similar to the user's: cosine of their sets of users, nearest neighbours only.

    Args:
        dataset: the split data; fitted on train.
        neighbours: number of similar items kept for each item.

    Source: Deshpande and Karypis (2004), Item-based top-N recommendation algorithms.
    """
    owned = histories([dataset.train], dataset.num_users).matrix(dataset.num_items)
    return item_weights_scorer(item_cooccurrence(owned, neighbours).tocsr())


def ease(dataset: Dataset, *, l2: float = 250.0) -> Scorer:
    """The linear item-item model with a zero diagonal, in closed form.

    Where there are fewer users than items, the smaller matrix of users is inverted instead.

    Args:
        dataset: the split data; fitted on train.
        l2: weight of the squared norm.

    Raises:
        ValueError: more than 20,000 items, so that the inverse does not fit a small machine.

    Source: Steck (2019), Embarrassingly shallow autoencoders for sparse data.
    """
    if dataset.num_items > EASE_MOST_ITEMS:
        raise ValueError(
            f"EASE inverts an items x items matrix; {dataset.num_items:,} items are more than "
            f"{EASE_MOST_ITEMS:,}."
        )
    owned = histories([dataset.train], dataset.num_users).matrix(dataset.num_items)
    if dataset.num_users < dataset.num_items:
        return _ease_by_users(owned, l2)
    return item_weights_scorer(item_regression(owned, l2=l2))


def _ease_by_users(owned: sparse.csr_matrix, l2: float) -> Scorer:
    """The same scores from the inverse of a users x users matrix, the smaller one of the two.

    With X the matrix of users and items, Woodbury's identity says that the inverse P of
    X'X + l2 I is (I - X'KX) / l2 where K is the inverse of XX' + l2 I. A history x has the scores
    x - (xP) / diag(P).
    """
    owned = owned.astype(np.float64)
    kernel = (owned @ owned.T).toarray()
    kernel[np.diag_indices_from(kernel)] += l2
    kernel = positive_definite_inverse(kernel)
    by_item = owned.T.tocsr()
    diagonal = np.ones(by_item.shape[0])
    size = max(1, BLOCK_OF_NUMBERS // len(kernel))
    for start in range(0, by_item.shape[0], size):
        block = by_item[start : start + size]
        diagonal[start : start + size] -= block.multiply(block @ kernel).sum(axis=1).A1

    def score(users: NDArray[np.int32], known: Histories) -> Scores:
        history = known.matrix(by_item.shape[0])
        shared = (history @ by_item).toarray() @ kernel
        explained = (by_item @ shared.T).T
        return np.asarray((explained - history) / diagonal + history, dtype=np.float32)

    return score


def ials(dataset: Dataset, settings: FactorizationSettings) -> Scorer:
    """Matrix factorization of implicit feedback; users are folded in by their histories.

    Args:
        dataset: the split data; fitted on train.
        settings: of the factorization.

    Source: see `kit.retrieval.implicit_als`.
    """
    owned = histories([dataset.train], dataset.num_users).matrix(dataset.num_items)
    return fold_in_scorer(implicit_als(owned, settings), settings)


def baselines(dataset: Dataset) -> tuple[dict[str, Scorer], dict[str, str]]:
    """Every baseline applicable to the data, fitted for the test part.

    Chosen on valid are the window of recently popular, the L2 weight of EASE up to 5,000 users or
    items, and the weights of iALS up to 500,000 interactions.

    Args:
        dataset: the split data.

    Returns:
        Scorers by name, and by name the reasons why others were left out.
    """
    valid = valid_task(dataset)
    found = {"popular": popular(dataset)}
    left_out = {}
    if dataset.train.time is None:
        left_out["recently popular"] = "the data have no time column"
    else:
        days = _best_on_valid(
            valid, [1, 7, 30, 90], lambda days: recently_popular(dataset, "valid", days=days)
        )
        found[f"recently popular ({days:g} days)"] = recently_popular(dataset, days=days)
    too_much = pairs_to_count(dataset) > MOST_PAIRS
    if too_much:
        left_out["ItemKNN"] = f"more than {MOST_PAIRS:,} pairs of items of one user to count"
    else:
        found["ItemKNN"] = item_knn(dataset)
    if too_much:
        left_out["EASE"] = left_out["ItemKNN"]
    elif dataset.num_items > EASE_MOST_ITEMS:
        left_out["EASE"] = f"more than {EASE_MOST_ITEMS:,} items"
    elif min(dataset.num_users, dataset.num_items) > EASE_TUNED_ITEMS:
        found["EASE (l2 250)"] = ease(dataset)
    else:
        l2 = _best_on_valid(valid, [100, 250, 500, 1000], lambda l2: ease(dataset, l2=l2))
        found[f"EASE (l2 {l2:g})"] = ease(dataset, l2=l2)
    if len(dataset.train) > IALS_MOST_INTERACTIONS:
        left_out["iALS"] = f"more than {IALS_MOST_INTERACTIONS:,} interactions"
    else:
        settings, scorer = _best_ials(dataset, valid)
        found[f"iALS (l2 {settings.l2:g}, unobserved {settings.unobserved:g})"] = scorer
    return found, left_out


def pairs_to_count(dataset: Dataset) -> int:
    """Cost of comparing all items by their users: the pairs of a user's events, over all users.

    Example:

    >>> from kit.data import open_source, split
    >>> pairs_to_count(split(open_source("online-retail", limit=2000))) < MOST_PAIRS
    True
    """
    return int(np.sum(counted(dataset.train.user, dataset.num_users) ** 2))


def evaluated_baselines(
    dataset: Dataset, task: RankingTask
) -> tuple[dict[str, Evaluation], dict[str, str]]:
    """Every applicable baseline evaluated on a test task, and why others were left out."""
    with stage("baselines") as compared:
        compared.note = "fitting on train"
        found, left_out = baselines(dataset)
        results = {}
        for name, scorer in found.items():
            compared.note = name
            results[name] = evaluate(task, scorer)
    return results, left_out


def _best_on_valid(
    task: RankingTask, choices: list[float], build: Callable[[float], Scorer]
) -> float:
    results = [evaluate(task, build(choice), ks=[10]).mean("NDCG@10") for choice in choices]
    return choices[int(np.nanargmax(results))] if len(task.users) else choices[1]


def _best_ials(dataset: Dataset, task: RankingTask) -> tuple[FactorizationSettings, Scorer]:
    tuned = len(task.users) and len(dataset.train) <= IALS_TUNED_INTERACTIONS
    settings = [
        FactorizationSettings(l2=l2, unobserved=unobserved)
        for l2, unobserved in IALS_WEIGHTS[: None if tuned else 1]
    ]
    # Fitting once more costs more than keeping the vectors.
    fitted = [(one, ials(dataset, one)) for one in settings]
    if not tuned:
        return fitted[0]
    return max(fitted, key=lambda one: evaluate(task, one[1], ks=[10]).mean("NDCG@10"))


def past_events(dataset: Dataset, part: Part) -> list[Events]:
    """Events that are known when a part begins: train, and at test time valid too."""
    return [dataset.train, dataset.valid] if part == "test" else [dataset.train]


def _nobody() -> Histories:
    return Histories(np.zeros(2, np.int64), np.empty(0, np.int32))


def _same_for_all(scores: NDArray[np.generic]) -> Scorer:
    row = scores.astype(np.float32)
    return lambda users, known: np.repeat(row[None], len(users), axis=0)


def item_weights_scorer(weights: ItemWeights) -> Scorer:
    """Scores by the sum of the weights of a history's items.

    Args:
        weights: float32 [items, items], by item of the history and item to score.
    """

    def score(users: NDArray[np.int32], known: Histories) -> Scores:
        return votes(known.matrix(weights.shape[0]), weights)

    return score


def fold_in_scorer(vectors: NDArray[np.float32], settings: FactorizationSettings) -> Scorer:
    """Scores by the products of items' vectors with the one that is folded in for a history.

    Args:
        vectors: float32 [items, dim], of `kit.retrieval.implicit_als`.
        settings: with which they were fitted.
    """

    def score(users: NDArray[np.int32], known: Histories) -> Scores:
        owned = known.matrix(len(vectors))
        return fold_in(vectors, owned, settings.l2, settings.unobserved) @ vectors.T

    return score


def as_good_as_best(users: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Choices that are no worse than the best one by the one-standard-error rule.

    Args:
        users: float [choices, users], a metric of each user under each choice.

    Returns:
        bool [choices]: whether the mean difference to the choice with the best mean lies within
        its standard error.

    Source: the one-standard-error rule of Breiman et al. (1984), Classification and regression
    trees, for a paired difference.

    Example:

    >>> as_good_as_best(np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])).tolist()
    [True, True, False]
    """
    losses = users[users.mean(axis=1).argmax()] - users
    within: NDArray[np.bool_] = losses.mean(axis=1) <= losses.std(axis=1) / np.sqrt(users.shape[1])
    return within
