"""Train cut in time, for a model that learns from what another one did not see."""

from dataclasses import fields
from typing import Any

import numpy as np

from kit.data._dataset import Dataset
from kit.errors import UserError


def cut_train(dataset: Dataset, *, share: float = 0.2, seed: int = 0) -> Dataset:
    """The later part of train as the valid part of the earlier one.

    Users and items keep their codes, also those without an earlier event. Test stays as it is and
    is not to be used. Without times a random part of the rows is the later one.

    Args:
        dataset: the split data.
        share: of train's rows in the later part.
        seed: of the draw without times.

    Raises:
        UserError: one of the parts is empty.

    Example:

    >>> from kit.data import open_source, split
    >>> dataset = split(open_source("online-retail", limit=5000))
    >>> cut = cut_train(dataset)
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
    # Of prepared data the histories on disk hold all of train: this is no longer one of them.
    values: dict[str, Any] = {field.name: getattr(dataset, field.name) for field in fields(Dataset)}
    parts = {"train": dataset.train.where(~later), "valid": dataset.train.where(later)}
    return Dataset(**values | parts)
