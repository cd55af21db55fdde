"""Recommendations in words, for a person to judge."""

import numpy as np
from numpy.typing import ArrayLike

from kit.data import Dataset, item_names
from kit.evaluation._evaluate import Evaluation
from kit.evaluation._report import Example
from kit.evaluation._task import RankingTask
from kit.progress import stage
from kit.retrieval import because_of

SHOWN = 5


@stage("report")
def examples(
    dataset: Dataset,
    task: RankingTask,
    result: Evaluation,
    item_vectors: ArrayLike,
    *,
    count: int = 3,
    seed: int = 0,
) -> list[Example]:
    """A few people of a task, nameless: what they had, what they would be shown, because of what.

    Args:
        dataset: names the items.
        task: whose users are drawn, among those with at least five known items.
        result: the lists.
        item_vectors: float [items + 1, dim + 1] of a `TwoTower`.
        count: how many people.
        seed: of the draw.
    """
    names = item_names(dataset)
    vectors = np.asarray(item_vectors, dtype=np.float32)[1:, :-1]
    rows = np.flatnonzero(task.known.lengths >= SHOWN)
    drawn = np.random.default_rng(seed).permutation(rows)[:count]
    found = []
    for row in drawn:
        history = task.known.take(np.array([row])).items
        shown = result.top[row] >= 0
        top, scores = (lists[row][shown][:SHOWN] for lists in (result.top, result.scores))
        reasons = because_of(vectors[top], vectors[history])
        found.append(
            Example(
                because_of=[names[item] for item in history[::-1][:SHOWN]],
                recommended=[
                    (names[item], float(score), [names[history[place]] for place in places])
                    for item, score, places in zip(top, scores, reasons, strict=True)
                ],
            )
        )
    return found
