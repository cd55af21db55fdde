"""Export two-stage recommenders."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Dataset, item_names
from kit.exporting._recorded_two_stage import recorded_two_stage
from kit.exporting._retrieval import index_facts, of_histories, retrieval_parts
from kit.exporting._sample_users import hold_users, with_sample_users
from kit.exporting._saved_model import export
from kit.exporting._two_stage_recommender import SecondStage, TwoStageRecommender
from kit.exports import SignatureCheck, TwoStageCard
from kit.models import TwoTower
from kit.progress import stage
from kit.retrieval import IndexSettings


@stage("export")
def export_two_stage(
    model: TwoTower,
    second: SecondStage,
    dataset: Dataset,
    folder: Path,
    *,
    k: int = 100,
    exclude_seen: bool = True,
    known_users: bool = True,
    index: IndexSettings | None = None,
    card: dict[str, Any],
) -> tuple[Path, list[SignatureCheck]]:
    """Write retrieval, ranking and re-ranking as the next version and verify it.

    Args:
        model: the trained retrieval model.
        second: the trained second stage, its tables as of the end of valid.
        dataset: the training data of both.
        folder: the model's folder; versions are numbered in it.
        k: length of the recommended lists.
        exclude_seen: whether a user's items of train and valid are not recommended.
        known_users: whether requests by user id are answered; if not, no user is in the export.
        index: how the export finds candidates.
        card: of the export, stored in `assets.extra/card.json`.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        VerificationError: the export's outputs differ from the models'; it is removed.
    """
    settings = index or IndexSettings()
    parts = retrieval_parts(model, dataset, most_users=None if known_users else 0)
    parts = with_sample_users(model, parts)
    module = TwoStageRecommender(parts, second, k=k, exclude_seen=exclude_seen, index=settings)
    hold_users(model, parts, module)
    recorded = recorded_two_stage(model, parts, second, module, k=k, exclude_seen=exclude_seen)
    names = dict(zip(parts.item_ids, item_names(dataset), strict=False))
    stages = {
        "candidates": second.candidates,
        "weight": float(second.model.weight.numpy()[0]),
        "diversity": second.diversity,
        "category_column": second.category_column,
        "features": list(second.model.names),
    }
    whole = TwoStageCard(
        **card,
        names=names,
        second_stage=stages,
        k=k,
        exclude_seen=exclude_seen,
        known_users=known_users,
        **index_facts(module, settings),
    )
    signatures = module.signatures()
    if not known_users:
        signatures, recorded = of_histories(signatures), of_histories(recorded)
    return export(module, folder, recorded=recorded, card=whole, signatures=signatures)


def lists_of(
    module: TwoStageRecommender, diversity: float | None = None
) -> Callable[[list[str]], tuple[list[list[str]], NDArray[np.float32]]]:
    """The graph's recommendations for user ids, for `kit.evaluation.evaluate_lists`.

    Args:
        module: the graph.
        diversity: sent with each request; None: a request without rules.
    """

    def answers(user_ids: list[str]) -> tuple[list[list[str]], NDArray[np.float32]]:
        users = len(user_ids)
        if diversity is None:
            answer = module.recommend(tf.constant(user_ids))
        else:
            none = tf.zeros([users, 0], tf.string)
            answer = module.recommend_where(
                tf.constant(user_ids),
                none,
                none,
                none,
                tf.zeros([users, 0]),
                tf.zeros([users], tf.int32),
                tf.fill([users], diversity),
            )
        ids = [[item.decode() for item in row] for row in answer["item_id"].numpy()]
        return ids, answer["score"].numpy()

    return answers
