"""A two-tower model of the right size for a data set."""

from collections.abc import Sequence
from typing import Any

import polars as pl
from numpy.typing import NDArray

from kit.data import Dataset, EncodedFeatures, FeatureEncoder, TrainableColumn
from kit.models._entity_tower import ContentShape, EntityTower, FeatureShape
from kit.models._retrieval_loss import RetrievalLoss
from kit.models._two_tower import TwoTower


def two_tower_for(
    dataset: Dataset,
    *,
    dim: int,
    loss: RetrievalLoss,
    features: bool = True,
    contents: Sequence[tuple[TrainableColumn, NDArray[Any]]] = (),
    **settings: Any,
) -> TwoTower:
    """Build a `TwoTower` for the users and items of train, with their features stored in it.

    Args:
        dataset: the split data.
        dim: width of the embeddings.
        loss: how it will be trained.
        features: whether to use the feature tables of the data set.
        contents: images and texts of the items, which the item tower learns to read.
        settings: what else the model takes.

    Returns:
        The model, built, untrained.

    Example:

    >>> from kit.data import open_source, split
    >>> dataset = split(open_source("online-retail", limit=2000))
    >>> two_tower_for(dataset, dim=4, loss=RetrievalLoss()).item_tower.features.tokens > 0
    True
    """
    users = encoded_features(dataset.users, "user_id", dataset.num_users) if features else None
    items = encoded_features(dataset.items, "item_id", dataset.num_items) if features else None
    model = TwoTower(
        dataset.num_users,
        dataset.num_items,
        dim,
        user_features=shape_of(users),
        item_features=shape_of(items),
        item_contents=[content_shape(content) for content, _ in contents],
        loss=loss,
        **settings,
    )
    model.build()
    fill(model.user_tower, users)
    fill(model.item_tower, items, contents)
    return model


def fill(
    tower: EntityTower,
    encoded: EncodedFeatures | None,
    contents: Sequence[tuple[TrainableColumn, NDArray[Any]]] = (),
) -> None:
    """Store in a tower what it is told of its users or items."""
    if encoded is not None:
        tower.set_features(encoded.tokens, encoded.numbers)
    tower.set_contents([values for _, values in contents])


def content_shape(content: TrainableColumn) -> ContentShape:
    """What a tower is told of images or texts."""
    return ContentShape(content.shape, len(content.vocabulary))


def encoded_features(table: pl.DataFrame | None, key: str, known: int) -> EncodedFeatures | None:
    """The features of the first `known` rows; None where there are none."""
    if table is None:
        return None
    encoder = FeatureEncoder.fit(table[:known], key=key)
    return None if encoder is None else encoder.encode(table[:known])


def shape_of(encoded: EncodedFeatures | None) -> FeatureShape | None:
    """What a tower is told of them."""
    if encoded is None:
        return None
    return FeatureShape(
        encoded.vocabulary_size,
        encoded.tokens.shape[1],
        encoded.numbers.shape[1],
        encoded.entries,
    )
