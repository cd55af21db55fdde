"""Export retrieval models."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from kit.data import (
    Attributes,
    Dataset,
    FeatureEncoder,
    Histories,
    TrainableColumn,
    histories,
    item_names,
)
from kit.exporting._encoders import FoldIn, HistoryEncoder, ItemFeatures, PooledHistory
from kit.exporting._linear_recommender import LinearRecommenderGraph
from kit.exporting._recommender import Recommender, RecommenderGraph, RecommenderParts
from kit.exporting._recorded import recorded_answers
from kit.exporting._sample_users import hold_users, with_sample_users
from kit.exporting._saved_model import custom_operations, export
from kit.exporting._weights import StoredWeights
from kit.exports import RetrievalCard, SignatureCheck
from kit.models import (
    ImplicitALS,
    LinearRecommender,
    RetrievalModel,
    SequentialRecommender,
    TwoTower,
    queries,
)
from kit.progress import stage
from kit.retrieval import IndexSettings

OF_USERS = (
    "serving_default",
    "recommend_where",
    "embed_user",
    "explain",
    "recommend_within",
    "segment",
)


@stage("export")
def export_retrieval(
    model: RetrievalModel,
    dataset: Dataset,
    folder: Path,
    *,
    k: int = 100,
    exclude_seen: bool = True,
    known_users: bool = True,
    index: IndexSettings | None = None,
    contents: Sequence[TrainableColumn] = (),
    stored: StoredWeights | None = None,
    card: dict[str, Any],
) -> tuple[Path, list[SignatureCheck]]:
    """Export a trained model as the next version and verify it in separate processes.

    Args:
        model: the trained model.
        dataset: its training data.
        folder: the model's folder; versions are numbered in it.
        k: length of the recommended lists.
        exclude_seen: whether a user's items of train and valid are not recommended.
        known_users: whether requests by user id are answered; if not, no user is in the export.
        index: how the export finds the top items.
        contents: columns of images and texts whose encoders were trained with the model.
        stored: weights for retraining.
        card: of the export, stored in `assets.extra/card.json`.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        VerificationError: the export's outputs differ from the model's; it is removed.
    """
    if isinstance(model, LinearRecommender) and model.private is not None:
        (model, parts), known_users = released(model, dataset), False
    else:
        parts = retrieval_parts(model, dataset, most_users=None if known_users else 0)
    encoder = None
    if parts.item_features is not None and dataset.items is not None:
        encoder = FeatureEncoder.fit(dataset.items[: dataset.num_items], key="item_id")
        encoder = encoder or FeatureEncoder((), (), (), 1)
    names = dict(zip(dataset.item_ids.tolist(), item_names(dataset), strict=False))
    names = {item: names[item] for item in parts.item_ids}
    return export_recommender(
        parts,
        folder,
        model=model,
        k=k,
        exclude_seen=exclude_seen,
        index=index or IndexSettings(),
        stored=stored,
        card=RetrievalCard(
            **card,
            names=names,
            known_users=known_users,
            item_encoder=asdict(encoder) if encoder else None,
            learned_contents=[content.card() for content in contents],
        ),
    )


@stage("export")
def export_recommender(
    parts: RecommenderParts,
    folder: Path,
    *,
    model: RetrievalModel | None,
    k: int,
    exclude_seen: bool,
    index: IndexSettings,
    card: RetrievalCard,
    stored: StoredWeights | None = None,
) -> tuple[Path, list[SignatureCheck]]:
    """Write the next version from its parts and verify it.

    Args:
        parts: the arrays of the graph.
        folder: the model's folder.
        model: the trained model, to compare the export with; None if it is not available.
        k: length of the recommended lists.
        exclude_seen: whether seen items of a user are not recommended.
        index: how the export finds the top items.
        card: of the export; k, exclusion of seen items and the recall of the index are filled in.
        stored: weights for retraining.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        VerificationError: the export's outputs differ from the model's; it is removed.
    """
    parts = with_sample_users(model, parts)
    module = recommender_graph(parts, k=k, exclude_seen=exclude_seen, index=index)
    hold_users(model, parts, module)
    recorded = recorded_answers(model, parts, module, k=k, exclude_seen=exclude_seen)
    whole = replace(card, k=k, exclude_seen=exclude_seen, **index_facts(module, index))
    signatures = module.signatures()
    if not card.known_users:
        signatures, recorded = of_histories(signatures), of_histories(recorded)
    return export(
        module, folder, recorded=recorded, card=whole, signatures=signatures, stored=stored
    )


def of_histories(by_signature: Mapping[str, Any]) -> dict[str, Any]:
    """Without signatures that take user ids; `serving_default` is `from_history`.

    Example:

    >>> sorted(of_histories({"serving_default": 1, "from_history": 2, "embed_user": 3}).items())
    [('from_history', 2), ('serving_default', 2)]
    """
    left = {name: value for name, value in by_signature.items() if name not in OF_USERS}
    return left | {"serving_default": by_signature["from_history"]}


def released(
    model: LinearRecommender, dataset: Dataset
) -> tuple[LinearRecommender, RecommenderParts]:
    """What differential privacy allows to export of a model: released items, and no users.

    Args:
        model: fitted by `fit_private`.
        dataset: its training data.
    """
    assert model.private is not None
    items = model.private.items
    table = None if dataset.items is None else dataset.items[items]
    smaller = model.released()
    return smaller, RecommenderParts(
        user_ids=[],
        item_ids=dataset.item_ids[items].tolist(),
        user_vectors=np.empty((0, 0), np.float32),
        item_vectors=np.empty((len(items), 0), np.float32),
        owned=Histories(np.zeros(1, np.int64), np.empty(0, np.int32)),
        popularity=model.private.shares,
        attributes=Attributes.of(table, key="item_id", rows=len(items)),
        linear=smaller.index(),
    )


def explaining_graph(model: RetrievalModel, dataset: Dataset) -> RecommenderGraph:
    """The graph of an export without its users, to measure explanations by.

    Args:
        model: the trained model.
        dataset: its training data.
    """
    parts = retrieval_parts(model, dataset, most_users=1)
    return recommender_graph(parts, k=1, exclude_seen=False, index=IndexSettings("exact"))


def recommender_graph(
    parts: RecommenderParts, *, k: int, exclude_seen: bool, index: IndexSettings
) -> RecommenderGraph:
    """The graph of a linear model or of one of vectors.

    Args:
        parts: the trained model, as arrays.
        k: length of the recommended lists.
        exclude_seen: whether seen items of a user are not recommended.
        index: how the top items are found.
    """
    graph = LinearRecommenderGraph if parts.linear else Recommender
    return graph(parts, k=k, exclude_seen=exclude_seen, index=index)


def index_facts(module: RecommenderGraph, index: IndexSettings) -> dict[str, Any]:
    """What a card states about the index.

    Args:
        module: the exported graph.
        index: the requested index.
    """
    searched = {
        "settings": asdict(index),
        "kind": index.chosen(module.index.size),
        "recall": module.index.recall,
        "recall_similar": module.similar.recall,
        "probes": module.index.probes,
        "lists": module.index.parts,
    }
    return {"index": searched, "custom_ops": custom_operations(module.index)}


def retrieval_parts(
    model: RetrievalModel,
    dataset: Dataset,
    *,
    with_valid: bool = True,
    most_users: int | None = None,
) -> RecommenderParts:
    """Vectors of all users and items; the users' histories hold train and valid.

    Args:
        model: the trained model.
        dataset: its training data.
        with_valid: False leaves valid out of the histories, to measure on it.
        most_users: the first users alone; None takes all.

    Returns:
        The parts of `Recommender`.
    """
    past = [dataset.train, dataset.valid] if with_valid else [dataset.train]
    owned = histories(past, dataset.num_users, with_times=model.is_timed).below(dataset.num_items)
    users = np.arange(dataset.num_users)[:most_users]
    owned = owned.take(users)
    common = RecommenderParts(
        user_ids=dataset.user_ids[users].tolist(),
        item_ids=dataset.item_ids[: dataset.num_items].tolist(),
        user_vectors=np.empty((len(users), 0), np.float32),
        item_vectors=np.empty((dataset.num_items, 0), np.float32),
        owned=owned,
        popularity=dataset.popularity_with_valid.astype(np.float32),
        attributes=Attributes.of(dataset.items, key="item_id", rows=dataset.num_items),
    )
    if isinstance(model, LinearRecommender):
        return replace(common, linear=model.index())
    common = replace(
        common,
        user_vectors=queries(model, users, owned),
        item_vectors=np.asarray(model.item_vectors(), dtype=np.float32)[1:],
    )
    if isinstance(model, ImplicitALS):
        return replace(common, history_encoder=FoldIn(model))
    return replace(
        common,
        item_features=(ItemFeatures(model.item_tower) if model.item_tower.reads_features else None),
        history_encoder=(
            HistoryEncoder(model)
            if isinstance(model, SequentialRecommender)
            else PooledHistory(model.encoder)
        ),
        item_weights=model.item_weights() if isinstance(model, TwoTower) else None,
    )
