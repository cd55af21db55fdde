"""Train cut in time, for a model that learns from what another one did not see."""

from dataclasses import fields
from typing import Any

import numpy as np

from kit.data._dataset import Dataset
from kit.data._partition import places
from kit.data._split import FEWEST_TEST_USERS, LEAST_TEST_SHARE
from kit.errors import UserError


def split_train_by_time(dataset: Dataset, *, share: float = 0.2, seed: int = 0) -> Dataset:
    """The later part of train as the valid part of the earlier one.

    Users and items keep their codes, also those without an earlier event. Test stays as it is and
    is not to be used. Without times a random part of the rows is the later one. Where few users of
    the later part have an earlier event (fewer than 200, or than 10 %), the last events of each
    user are the later part if more users have then.

    Args:
        dataset: the split data.
        share: of train's rows in the later part.
        seed: of the draw without times.

    Raises:
        UserError: one of the parts is empty.

    Example:

    >>> from kit.data import open_source, split
    >>> dataset = split(open_source("online-retail", limit=5000))
    >>> cut = split_train_by_time(dataset)
    >>> len(cut.train) + len(cut.valid) == len(dataset.train)
    True
    """
    order = dataset.train.time
    if order is None:
        order = np.random.default_rng(seed).random(len(dataset.train))
    later = order >= np.quantile(order, 1 - share, method="higher")
    if later.all() or not later.any():
        raise UserError(
            "Train cannot be cut in two in time: all of it happened at once.",
            where=dataset.name,
            expected="events at several times",
            remedy="Give more rows, or train one stage: kit train two-tower.",
        )
    if dataset.train.time is not None:
        later = _with_more_users(dataset, later, share)
    # Of prepared data the histories on disk hold all of train: this is no longer one of them.
    values: dict[str, Any] = {field.name: getattr(dataset, field.name) for field in fields(Dataset)}
    parts = {"train": dataset.train.where(~later), "valid": dataset.train.where(later)}
    return Dataset(**values | parts)


def _with_more_users(dataset: Dataset, later: np.ndarray, share: float) -> np.ndarray:
    """The cut, or one of each user's events where it leaves too few users with both parts."""
    user = np.asarray(dataset.train.user)
    users = len(np.unique(user[later]))
    with_both = len(np.intersect1d(user[later], user[~later]))
    if with_both >= FEWEST_TEST_USERS and with_both >= LEAST_TEST_SHARE * users:
        return later
    rank, size = places(user, dataset.train.time)
    of_each = (size > 1) & (rank >= size - np.maximum(size * share, 1).astype(np.int64))
    return of_each if len(np.unique(user[of_each])) > with_both else later
