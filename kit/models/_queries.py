"""Query vectors of many users."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kit.data import Histories
from kit.models._implicit_als import ImplicitALS
from kit.models._linear import LinearRecommender
from kit.models._sequential import SequentialRecommender
from kit.models._two_tower import TwoTower

POSITIONS_AT_ONCE = 2**15


RetrievalModel = TwoTower | SequentialRecommender | LinearRecommender | ImplicitALS
"""A model that makes a query of a user and scores all items by it."""


def item_scorer(model: RetrievalModel) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """What makes scores of all items, float32 [batch, items], of the queries of a model.

    Later training of the model does not change it. The queries of a `LinearRecommender` are its
    scores.
    """
    if isinstance(model, LinearRecommender):
        return lambda queries: queries
    vectors = np.asarray(model.item_vectors(), np.float32)[1:]
    return lambda queries: queries @ vectors.T


def queries(
    model: RetrievalModel, users: NDArray[np.integer], known: Histories
) -> NDArray[np.float32]:
    """Query vectors of users, including new users of whom there is only a history.

    Users with histories of similar length are batched together and padded to the next power of two,
    which keeps padding and the number of shapes small.

    Args:
        model: the model.
        users: int [batch], user codes of the data set; codes from `model.num_users` on are new
            users.
        known: histories of these users, oldest first; with times if the model uses them.

    Returns:
        float32 [batch, dim].
    """
    codes = np.where(users < model.num_users, users + 1, 0).astype(np.int32)
    widths = 2 ** np.ceil(np.log2(np.maximum(known.lengths, 1))).astype(np.int64)
    result: NDArray[np.float32] | None = None
    for width in np.unique(widths):
        rows = np.flatnonzero(widths == width)
        # iALS makes a matrix of each history, however short it is.
        least = model.dim if isinstance(model, ImplicitALS) else 1
        size = max(1, POSITIONS_AT_ONCE // max(int(width), least))
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            history = known.padded(some, length=int(width), shift=1)
            inputs: dict[str, NDArray[np.integer]] = {"user": codes[some], "history": history}
            if model.is_timed and known.times is not None:
                inputs["time"] = known.padded_times(some, length=int(width))
            vectors = np.asarray(model(inputs), np.float32)
            if result is None:
                result = np.empty((len(users), vectors.shape[1]), np.float32)
            result[some] = vectors
    if result is None:
        empty = {"user": codes, "history": np.zeros((0, 1), np.int32)}
        return np.asarray(model(empty), np.float32)
    return result
