"""Evaluation of two-stage recommenders: candidate lists, and their order by the second stage."""

from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Dataset, Histories
from kit.evaluation._baselines import as_good_as_best, past_events
from kit.evaluation._evaluate import Evaluation, Scorer, evaluate, measured
from kit.evaluation._ranking_task import RankingTask
from kit.metrics import bootstrap_interval
from kit.models import CandidateFeatures, CandidateRanking, CandidateTables
from kit.progress import stage

USERS_AT_ONCE = 256
LOWEST = np.finfo(np.float32).min


@dataclass(frozen=True)
class CandidateLists:
    """The candidates of users, best first.

    Args:
        items: int32 [users, n]; -1 past the end of a shorter list.
        features: float32 [users, n] by name; "retrieval" is the lowest float past the end.
        taken: bool [users, n], whether the user interacted with the item in the task's part.
    """

    items: NDArray[np.int32]
    features: dict[str, NDArray[np.float32]]
    taken: NDArray[np.bool_]

    def where(self, rows: NDArray[np.bool_]) -> "CandidateLists":
        """The lists of some users."""
        features = {name: values[rows] for name, values in self.features.items()}
        return CandidateLists(self.items[rows], features, self.taken[rows])


@stage("candidates")
def candidate_lists(
    task: RankingTask, scorer: Scorer, features: CandidateFeatures, count: int
) -> CandidateLists:
    """The highest-scored items of every user of a task, seen items excluded.

    Args:
        task: users with their relevant items.
        scorer: the retrieval stage.
        features: as of the beginning of the task's part.
        count: number of candidates of a user.
    """
    found = evaluate(task, scorer, ks=[min(count, task.num_items)])
    retrieval = np.maximum(found.scores, LOWEST)
    # Traced once for all batches.
    compiled = tf.function(features.__call__, autograph=False, reduce_retracing=True)
    parts: list[dict[str, NDArray[np.float32]]] = []
    for start in range(0, len(task.users), USERS_AT_ONCE):
        rows = np.arange(start, min(start + USERS_AT_ONCE, len(task.users)))
        answer = compiled(
            tf.constant(_padded(task.known.take(rows))),
            tf.constant(found.top[rows]),
            tf.constant(retrieval[rows]),
        )
        parts.append({name: value.numpy() for name, value in answer.items()})
    nothing = np.empty((0, found.top.shape[1]), np.float32)
    columns = {
        name: np.concatenate([nothing, *(part[name] for part in parts)]) for name in features.names
    }
    return CandidateLists(found.top, columns, task.relevant.contains(found.top))


@stage("candidates")
def candidate_features(
    dataset: Dataset, part: str, item_vectors: NDArray[np.float32]
) -> CandidateFeatures:
    """The features as of the beginning of a part.

    Args:
        dataset: the split data.
        part: "valid" or "test"; at test time the events of valid count too.
        item_vectors: float32 [items, dim], without bias.
    """
    past = past_events(dataset, part)  # type: ignore[arg-type]
    return CandidateFeatures(CandidateTables.of(item_vectors, past, dataset.num_users))


def ranked_lists(
    task: RankingTask, lists: CandidateLists, model: CandidateRanking, ks: list[int]
) -> Evaluation:
    """The metrics of the candidates in the order of the second stage.

    Args:
        task: what the lists were made for.
        lists: the candidates.
        model: the second stage.
        ks: cut-offs, none above the number of candidates.
    """
    scores = np.concatenate(
        [
            np.empty((0, lists.items.shape[1]), np.float32),
            *(
                np.asarray(model({n: v[rows] for n, v in lists.features.items()}))
                for rows in _batches(len(lists.items))
            ),
        ]
    )
    order = np.argsort(-scores, axis=1, kind="stable")
    top = np.take_along_axis(lists.items, order, axis=1)
    return measured(task, top, np.take_along_axis(scores, order, axis=1), ks)


def _batches(rows: int) -> list[slice]:
    return [slice(start, start + USERS_AT_ONCE) for start in range(0, rows, USERS_AT_ONCE)]


def _padded(known: Histories) -> NDArray[np.int32]:
    length = max(1, int(known.lengths.max(initial=0)))
    return known.padded(np.arange(len(known)), length=length, shift=1) - 1


WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)


@stage("evaluate")
def choose_weight(task: RankingTask, lists: CandidateLists, model: CandidateRanking) -> float:
    """Choose the weight of the ranking model by NDCG@10 on valid, and set it.

    The smallest weight that is as good as the best by the one-standard-error rule is chosen; 0
    keeps the order of the retrieval stage.

    Args:
        task: the valid task.
        lists: its candidates.
        model: the trained second stage.

    Returns:
        The weight; 0 if the task has no user.
    """
    chosen = 0.0
    if len(task.users):
        users = []
        for weight in WEIGHTS:
            model.set_weight(weight)
            users.append(ranked_lists(task, lists, model, [10]).per_user["NDCG@10"])
        chosen = WEIGHTS[int(np.argmax(as_good_as_best(np.stack(users))))]
    model.set_weight(chosen)
    return chosen


def with_diversity(
    result: Evaluation, item_vectors: NDArray[np.float32], k: int = 10
) -> Evaluation:
    """Add the diversity of the lists to a result.

    Args:
        result: lists of items.
        item_vectors: float32 [items, dim], of unit length.
        k: number of items of each list.

    Returns:
        The result with `Diversity@k`: 1 minus the mean cosine of two items of a list, 0 for a list
        of fewer than two items.

    Source: Smyth and McClave (2001), Similarity vs. diversity.
    """
    top = result.top[:, :k]
    is_item = (top >= 0).astype(np.float32)
    vectors = item_vectors[np.maximum(top, 0)] * is_item[..., None]
    total = np.square(vectors.sum(axis=1)).sum(axis=1)
    count = is_item.sum(axis=1)
    pairs = np.maximum(count * (count - 1), 1)
    likeness = (total - np.square(vectors).sum(axis=(1, 2))) / pairs
    differ = np.where(count > 1, 1 - likeness, 0).astype(np.float64)
    return replace(result, per_user={**result.per_user, f"Diversity@{k}": differ})


def difference_in_words(ours: Evaluation, theirs: Evaluation, metric: str = "NDCG@10") -> str:
    """The paired difference of two results, its interval and the verdict.

    Example:

    >>> better = Evaluation({"NDCG@10": np.full(9, 0.5)}, {}, {}, np.empty(0), np.empty(0))
    >>> worse = Evaluation({"NDCG@10": np.full(9, 0.25)}, {}, {}, np.empty(0), np.empty(0))
    >>> difference_in_words(better, worse)
    'NDCG@10 +0.2500 (95 % +0.2500 to +0.2500, paired over 9 users): better, significant'
    """
    users = ours.per_user[metric] - theirs.per_user[metric]
    if not len(users):
        return f"{metric}: no user to measure by"
    low, high = bootstrap_interval(users)
    verdict = "not significant"
    if low > 0 or high < 0:
        verdict = f"{'better' if low > 0 else 'worse'}, significant"
    return (
        f"{metric} {users.mean():+.4f} (95 % {low:+.4f} to {high:+.4f}, paired over "
        f"{len(users):,} users): {verdict}"
    )
