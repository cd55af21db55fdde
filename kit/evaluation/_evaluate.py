"""Full-ranking evaluation of a scorer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kit.data import Dataset, Histories
from kit.evaluation._ranking_task import RankingTask
from kit.metrics import (
    Estimate,
    Estimates,
    bootstrap_intervals,
    check_finite,
    ranking_metrics,
)
from kit.progress import stage
from kit.retrieval import votes

if TYPE_CHECKING:
    from kit.models import RetrievalModel

Scores = NDArray[np.float32]
Scorer = Callable[[NDArray[np.int32], Histories], Scores]
"""Users' codes [batch] and their histories -> scores [batch, items], larger is better."""

SCORES_IN_MEMORY = 2**26


@dataclass(frozen=True)
class Evaluation:
    """Metrics of one recommender on one task.

    Args:
        per_user: metric name to float64 [users], in the order of the task's users.
        coverage: share of the catalogue that is in at least one top list, by cut-off.
        novelty: mean over users of the mean of -log2(share of training users that interacted with
            the item) in the top list, in bits, by cut-off.
        top: int32 [users, depth], the lists, best first; -1 past the end of a shorter list.
        scores: float32 [users, depth], of those items.
    """

    per_user: dict[str, NDArray[np.float64]]
    coverage: dict[str, float]
    novelty: dict[str, float]
    top: NDArray[np.int32]
    scores: Scores

    def mean(self, metric: str) -> float:
        """Mean of a metric over users; nan without users."""
        values = self.per_user[metric]
        return float(values.mean()) if len(values) else float("nan")

    def summary(self) -> dict[str, float]:
        """Every metric's mean, with coverage and novelty."""
        return {**{m: self.mean(m) for m in self.per_user}, **self.coverage, **self.novelty}

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % bootstrap interval over users of every metric's mean."""
        ends = bootstrap_intervals(np.stack(list(self.per_user.values()), axis=1))
        return {
            m: (float(low), float(high)) for m, (low, high) in zip(self.per_user, ends, strict=True)
        }

    def minus(self, other: "Evaluation") -> Estimates:
        """Differences to another recommender's lists for the same users, from paired resamples.

        Raises:
            ValueError: the users differ.
        """
        if len(self.top) != len(other.top):
            raise ValueError("Differences need the same users.")
        gaps = {name: self.per_user[name] - other.per_user[name] for name in self.per_user}
        ends = bootstrap_intervals(np.stack(list(gaps.values()), axis=1))
        means, others = self.summary(), other.summary()
        intervals = dict(zip(gaps, ends, strict=True))
        return {
            name: Estimate(means[name] - others[name], *map(float, intervals.get(name, ())))
            for name in means
        }


def evaluate(task: RankingTask, scorer: Scorer, ks: Sequence[int] = (10, 20)) -> Evaluation:
    """Rank the whole catalogue for every user of a task.

    Users are scored in batches so that about 256 MB of scores are in memory at a time.

    Args:
        task: users with their relevant items.
        scorer: returns the scores of all items for a batch of users.
        ks: cut-offs of the metrics.

    Returns:
        The evaluation, user by user.

    Raises:
        ValueError: a score is NaN or infinite.

    Example:

    >>> from kit.data import open_source, split
    >>> from kit.evaluation._baselines import popular
    >>> from kit.evaluation._ranking_task import ranking_task
    >>> dataset = split(open_source("online-retail", limit=2000))
    >>> result = evaluate(ranking_task(dataset, "test"), popular(dataset), ks=[10])
    >>> 0 <= result.mean("NDCG@10") <= 1
    True
    """
    depth = max(ks)
    lists = [top_items(scores, seen, depth) for scores, seen in _scored(task, scorer)]
    top = np.concatenate([np.empty((0, depth), np.int32), *(items for items, _ in lists)])
    best = np.concatenate([np.empty((0, depth), np.float32), *(scores for _, scores in lists)])
    return measured(task, top, best, ks)


def measured(
    task: RankingTask, top: NDArray[np.int32], scores: Scores, ks: Sequence[int]
) -> Evaluation:
    """The metrics of given recommended lists.

    Args:
        task: users with their relevant items.
        top: int32 [users, depth], best first, -1 past the end of a shorter list.
        scores: float32 [users, depth].
        ks: cut-offs, none above the depth.
    """
    hits = task.relevant.contains(top)
    per_user = ranking_metrics(hits, task.relevant.lengths, ks)
    surprise = -np.log2(np.maximum(task.popularity, 1e-12))
    shown = [top[:, :k][top[:, :k] >= 0] for k in ks]
    return Evaluation(
        per_user=per_user,
        coverage={
            f"Coverage@{k}": len(np.unique(items)) / task.num_items
            for k, items in zip(ks, shown, strict=True)
        },
        novelty={
            f"Novelty@{k}": float(surprise[items].mean()) if len(items) else float("nan")
            for k, items in zip(ks, shown, strict=True)
        },
        top=top,
        scores=scores,
    )


def top_items(
    scores: Scores, seen: Histories, depth: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The top items of each row, seen items excluded.

    Args:
        scores: float32 [batch, items]; modified in place.
        seen: items to exclude, row by row.
        depth: length of the lists.

    Returns:
        Items, int32 [batch, depth], best first, ties by the smaller code, and their scores;
        -1 and -inf past the last item.
    """
    scores[seen.row_of_each_item, seen.items] = -np.inf
    # An item whose score is nan is not recommended.
    np.copyto(scores, -np.inf, where=np.isnan(scores))
    found = _largest(scores, min(depth, scores.shape[1]))
    values = np.take_along_axis(scores, found, axis=1)
    items = np.where(np.isneginf(values), -1, found).astype(np.int32)
    missing = ((0, 0), (0, depth - items.shape[1]))
    values = np.pad(values, missing, constant_values=-np.inf)
    return np.pad(items, missing, constant_values=-1), values


def _largest(scores: Scores, count: int) -> NDArray[np.int64]:
    """Indices of the largest scores of each row, largest first, ties by the smaller index."""
    least = np.partition(scores, -count, axis=1)[:, -count, None]
    chosen = scores >= least
    # Among scores equal to the smallest of the top, the first indices win.
    for row in np.flatnonzero(np.count_nonzero(chosen, axis=1) > count):
        larger = scores[row] > least[row]
        equal = np.flatnonzero(chosen[row] & ~larger)
        larger[equal[: count - np.count_nonzero(larger)]] = True
        chosen[row] = larger
    places = np.nonzero(chosen)[1].reshape(len(scores), count)
    order = np.argsort(-np.take_along_axis(scores, places, axis=1), axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1)


def _scored(task: RankingTask, scorer: Scorer) -> Iterator[tuple[Scores, Histories]]:
    size = max(1, SCORES_IN_MEMORY // max(task.num_items, 1))
    with stage("evaluate", len(task.users), "users") as scored:
        for start in range(0, len(task.users), size):
            rows = np.arange(start, min(start + size, len(task.users)))
            scores = np.array(scorer(task.users[rows], task.known.take(rows)), dtype=np.float32)
            # A scorer may exclude items by -inf. Minimum and maximum suffice for the check and need
            # no copy as large as the scores.
            if not scores.max(initial=0) < np.inf or np.isnan(scores.min(initial=0)):
                check_finite(scores, "scores of the ranking")
            yield scores, task.seen.take(rows)
            scored.advance(len(rows))


USERS_AT_ONCE = 256


def evaluate_lists(
    task: RankingTask,
    dataset: Dataset,
    answers: Callable[[list[str]], tuple[list[list[str]], NDArray[np.float32]]],
    ks: Sequence[int] = (10, 20),
) -> Evaluation:
    """The metrics of the lists that an export recommends to user ids.

    Args:
        task: users with their relevant items.
        dataset: the data of the task; maps codes to ids.
        answers: user ids to item ids, best first, "" past the last, and scores [users, depth].
        ks: cut-offs; a list shorter than a cut-off ends there.
    """
    codes = {item: code for code, item in enumerate(dataset.item_ids[: dataset.num_items])}
    depth = max(ks)
    top = np.full((len(task.users), depth), -1, np.int32)
    scores = np.full((len(task.users), depth), -np.inf, np.float32)
    with stage("evaluate", len(task.users), "users") as asked:
        for start in range(0, len(task.users), USERS_AT_ONCE):
            batch = task.users[start : start + USERS_AT_ONCE]
            lists, values = answers(dataset.user_ids[batch].tolist())
            for row, items in enumerate(lists, start):
                found = [codes.get(item, -1) for item in items[:depth]]
                top[row, : len(found)] = found
            scores[start : start + len(batch), : values.shape[1]] = values[:, :depth]
            asked.advance(len(batch))
    return measured(task, top, scores, ks)


def retrieval_scorer(model: "RetrievalModel", popularity: NDArray[np.floating]) -> Scorer:
    """Scores of the model in its current state; later training does not change the scorer.

    New users are scored from their history, or by popularity if they have none, as in the export.

    Args:
        model: a built retrieval model.
        popularity: float [items], the scores for users without a history.
    """
    # Here, as baselines do without TensorFlow.
    from kit.models import TwoTower, item_scorer, queries

    scores_of = item_scorer(model)
    weights = model.item_weights() if isinstance(model, TwoTower) else None

    def score(users: NDArray[np.int32], known: Histories) -> Scores:
        scores = scores_of(queries(model, users, known))
        if weights is not None:
            scores += votes(known.matrix(weights.shape[0]), weights)
        scores[(users >= model.num_users) & (known.lengths == 0)] = popularity
        return scores

    return score
