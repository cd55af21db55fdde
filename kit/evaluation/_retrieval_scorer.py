"""Scores of a retrieval model for the evaluator."""

import numpy as np
from numpy.typing import NDArray

from kit.data import Histories
from kit.evaluation._evaluate import Scorer, Scores
from kit.models import RetrievalModel, queries


def retrieval_scorer(model: RetrievalModel, popularity: NDArray[np.floating]) -> Scorer:
    """Scores by the model as it stands now; it does not follow later training.

    Users the model does not know are answered from their history, and by popularity where they
    have none: what the export does.

    Args:
        model: a built `TwoTower` or `SequentialRecommender`.
        popularity: float [items], for those of whom nothing is known.
    """
    item_vectors = np.asarray(model.item_vectors(), dtype=np.float32)[1:]

    def score(users: NDArray[np.int32], known: Histories) -> Scores:
        scores = queries(model, users, known) @ item_vectors.T
        scores[(users >= model.num_users) & (known.lengths == 0)] = popularity
        return scores

    return score
