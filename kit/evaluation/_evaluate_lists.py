"""Evaluate something that answers with lists of ids, as an export does."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kit.data import Dataset
from kit.evaluation._evaluate import Evaluation, measured
from kit.evaluation._task import RankingTask
from kit.progress import stage

USERS_AT_ONCE = 256


def evaluate_lists(
    task: RankingTask,
    dataset: Dataset,
    answers: Callable[[list[str]], tuple[list[list[str]], NDArray[np.float32]]],
    ks: Sequence[int] = (10, 20),
) -> Evaluation:
    """The metrics of the lists that user ids are answered with.

    Args:
        task: users with what they should find.
        dataset: the data the task was made from; names users and items.
        answers: user ids to item ids, best first, "" behind the last, and scores [users, depth].
        ks: cuts; a list that is shorter than a cut is taken as ending there.
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
