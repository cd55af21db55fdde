"""How well a model knows the histories of people, whether it was trained on them or not."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kit.data import Dataset, Histories
from kit.evaluation._evaluate import retrieval_scorer
from kit.models import LinearRecommender, RetrievalModel

PEOPLE_AT_ONCE = 256

Halves = Sequence[tuple[Sequence[str], Sequence[str]]]
"""Of each person, item ids that a model is told and others that it is asked for."""


def history_losses(
    model: RetrievalModel, dataset: Dataset, halves: Halves, items: Sequence[str]
) -> NDArray[np.float64]:
    """How far below the other half of each history the catalogue scores, given the first half.

    Ids of people are not used, so that those in the training and others are asked for alike. The
    loss is in standard deviations of a person's scores, which do not depend on their scale.

    Args:
        model: a trained model.
        dataset: what it was trained on.
        halves: of each person.
        items: the catalogue; other items do not count.

    Returns:
        float64 [people]; NaN where a half has no item of the catalogue.
    """
    code = {item: n for n, item in enumerate(dataset.item_ids[: dataset.num_items].tolist())}
    columns = np.array([code[item] for item in items])
    wanted = {*items}
    scorer = retrieval_scorer(model, np.zeros(dataset.num_items))
    losses = np.full(len(halves), np.nan)
    for begin in range(0, len(halves), PEOPLE_AT_ONCE):
        some = halves[begin : begin + PEOPLE_AT_ONCE]
        told = [[code[item] for item in first if item in wanted] for first, _ in some]
        offsets = np.concatenate([[0], np.cumsum([len(one) for one in told])]).astype(np.int64)
        times = np.zeros(offsets[-1], np.int64) if model.is_timed else None
        known = Histories(offsets, np.concatenate(told).astype(np.int32), times)
        strangers = np.full(len(some), model.num_users, np.int32)
        scores = np.asarray(scorer(strangers, known), np.float64)
        for row, (_, second) in enumerate(some):
            mine = np.zeros(dataset.num_items, bool)
            mine[[code[item] for item in second if item in wanted]] = True
            others = columns[~np.isin(columns, told[row])]
            values = scores[row, others]
            if len(told[row]) and mine.any() and values.std() > 0:
                gap = values.mean() - scores[row, mine].mean()
                losses[begin + row] = gap / values.std()
    return losses


def known_items(model: RetrievalModel, dataset: Dataset) -> set[str]:
    """Ids of the items that a model may recommend."""
    ids = dataset.item_ids[: dataset.num_items]
    if isinstance(model, LinearRecommender) and model.private is not None:
        ids = ids[model.private.items]
    return {*ids.tolist()}
