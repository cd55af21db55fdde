"""What a second stage adds to a retrieval stage."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kit.evaluation._candidate_lists import CandidateLists, ranked_lists
from kit.evaluation._evaluate import Evaluation
from kit.evaluation._one_error import as_good_as_best
from kit.evaluation._task import RankingTask
from kit.metrics import bootstrap_interval
from kit.models import CandidateRanking
from kit.progress import stage

WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)


@stage("evaluate")
def choose_weight(task: RankingTask, lists: CandidateLists, model: CandidateRanking) -> float:
    """Set how much the ranking model counts to what ranks valid best, or hardly worse.

    The smallest weight is taken that is as good as the best by the one-standard-error rule; 0
    leaves the list of the retrieval stage as it is.

    Args:
        task: the valid task.
        lists: its candidates.
        model: the trained second stage.

    Returns:
        The weight; 0 where there is nobody to choose by.
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
    """A result with how much the items of a list differ.

    Args:
        result: lists of items.
        item_vectors: float32 [items, dim], of unit length.
        k: how many of each list.

    Returns:
        The same with `Diversity@k`: 1 minus the mean cosine of two items of a list, 0 where a list
        has no two.

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
    """The paired difference of two results with its interval, and what it means.

    Example:

    >>> better = Evaluation({"NDCG@10": np.full(9, 0.5)}, {}, {}, np.empty(0), np.empty(0))
    >>> worse = Evaluation({"NDCG@10": np.full(9, 0.25)}, {}, {}, np.empty(0), np.empty(0))
    >>> difference_in_words(better, worse)
    'NDCG@10 +0.2500 (95 % +0.2500 to +0.2500, paired over 9 users): better, significant'
    """
    users = ours.per_user[metric] - theirs.per_user[metric]
    if not len(users):
        return f"{metric}: nobody to measure by"
    low, high = bootstrap_interval(users)
    verdict = "neither can be called better"
    if low > 0 or high < 0:
        verdict = f"{'better' if low > 0 else 'worse'}, significant"
    return (
        f"{metric} {users.mean():+.4f} (95 % {low:+.4f} to {high:+.4f}, paired over "
        f"{len(users):,} users): {verdict}"
    )
