"""Queries of many users, whose histories are of very different length."""

import numpy as np
from numpy.typing import NDArray

from kit.data import Histories
from kit.models._sequential import SequentialRecommender
from kit.models._two_tower import TwoTower

POSITIONS_AT_ONCE = 2**15


RetrievalModel = TwoTower | SequentialRecommender
"""A model with an embedding of queries and one of items."""


def queries(
    model: RetrievalModel, users: NDArray[np.integer], known: Histories
) -> NDArray[np.float32]:
    """The query of each user, of whom the model may know no more than a history.

    Users with histories of like length are encoded together, padded to the next power of two, so
    that little is spent on padding and there are few shapes.

    Args:
        model: the model as it stands.
        users: int [batch], codes of the data set; those from `model.num_users` on are not known.
        known: the items of each of them, oldest first; with times for a model that looks at them.

    Returns:
        float32 [batch, dim].
    """
    codes = np.where(users < model.num_users, users + 1, 0).astype(np.int32)
    widths = 2 ** np.ceil(np.log2(np.maximum(known.lengths, 1))).astype(np.int64)
    found: NDArray[np.float32] | None = None
    for width in np.unique(widths):
        rows = np.flatnonzero(widths == width)
        for start in range(0, len(rows), max(1, POSITIONS_AT_ONCE // int(width))):
            some = rows[start : start + max(1, POSITIONS_AT_ONCE // int(width))]
            history = known.padded(some, length=int(width), shift=1)
            inputs: dict[str, NDArray[np.integer]] = {"user": codes[some], "history": history}
            if model.is_timed and known.times is not None:
                inputs["time"] = known.padded_times(some, length=int(width))
            vectors = np.asarray(model(inputs), np.float32)
            if found is None:
                found = np.empty((len(users), vectors.shape[1]), np.float32)
            found[some] = vectors
    if found is None:
        return np.empty((0, np.asarray(model.item_vectors()).shape[1]), np.float32)
    return found
