"""A second stage made by hand, for the recommenders of `parts`."""

import keras
import numpy as np

from kit.data import Events
from kit.exporting import SecondStage, TwoStageRecommender, with_sample_users
from kit.models import CandidateFeatures, CandidateRanking, CandidateTables
from kit.retrieval import IndexSettings
from tests.exporting.parts import OWNED, hand_made

PARTS = with_sample_users(None, hand_made())
DAY = 86_400


def second_stage(
    candidates: int = 8, diversity: float = 0.0, column: str | None = "kind"
) -> SecondStage:
    """Random weights, large enough to change the order."""
    keras.utils.set_random_seed(0)
    user = [user for user, items in enumerate(OWNED) for _ in items]
    item = [item for items in OWNED for item in items]
    past = Events(np.array(user), np.array(item), np.arange(len(item)) * DAY, None)
    tables = CandidateTables.of(PARTS.item_vectors[:, :-1], [past], len(OWNED))
    model = CandidateRanking(CandidateFeatures(tables).names, dim=4, hidden=[8], dropout=0.0)
    model.set_weight(0.5)
    random = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(random.normal(size=weight.shape) / 2)
    return SecondStage(model, tables, candidates, diversity, column)


def two_stages(
    *, k: int = 5, exclude_seen: bool = True, index: IndexSettings | None = None, **stage: object
) -> TwoStageRecommender:
    return TwoStageRecommender(
        PARTS,
        second_stage(**stage),  # type: ignore[arg-type]
        k=k,
        exclude_seen=exclude_seen,
        index=index,
    )
