"""What a retrieval stage hands on, as lists with features and with what was taken."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Dataset, Histories
from kit.evaluation._baselines import past_events
from kit.evaluation._evaluate import Evaluation, Scorer, evaluate, measured
from kit.evaluation._task import RankingTask
from kit.models import CandidateFeatures, CandidateRanking, CandidateTables
from kit.progress import stage

USERS_AT_ONCE = 256
LOWEST = np.finfo(np.float32).min


@dataclass(frozen=True)
class CandidateLists:
    """The candidates of users, best first.

    Args:
        items: int32 [users, n]; -1 where a list ends early.
        features: float32 [users, n] by name; "retrieval" is the lowest float where a list ends.
        taken: bool [users, n], what the users went on to take.
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
    """The highest-scored items of every user of a task, seen ones left out.

    Args:
        task: users with what they should find.
        scorer: the retrieval stage.
        features: as of the beginning of the task's part.
        count: candidates of a user.
    """
    found = evaluate(task, scorer, ks=[min(count, task.num_items)])
    retrieval = np.maximum(found.scores, LOWEST)
    # Compiled once for all batches.
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
        part: "valid" or "test"; valid is known at test time where the split follows time.
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
        ks: cuts, none above the number of candidates.
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
