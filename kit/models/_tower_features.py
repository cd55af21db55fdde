"""Features, images and texts of a data set, as a tower stores them."""

from collections.abc import Sequence
from typing import Any

import polars as pl
from numpy.typing import NDArray

from kit.data import EncodedFeatures, FeatureEncoder, TrainableColumn
from kit.models._entity_tower import ContentShape, EntityTower, FeatureShape


def fill(
    tower: EntityTower,
    encoded: EncodedFeatures | None,
    contents: Sequence[tuple[TrainableColumn, NDArray[Any]]] = (),
) -> None:
    """Store the features and contents of its users or items in a tower.

    Args:
        tower: built.
        encoded: the features, or None.
        contents: images and texts, whose first rows are those of the tower.
    """
    if encoded is not None:
        tower.set_features(encoded.tokens, encoded.numbers)
    tower.set_contents([values[: tower.size] for _, values in contents])


def content_shape(content: TrainableColumn) -> ContentShape:
    """The shape of images or texts."""
    return ContentShape(content.shape, len(content.vocabulary))


def encoded_features(table: pl.DataFrame | None, key: str, count: int) -> EncodedFeatures | None:
    """The features of the first `count` rows; None where there are none."""
    if table is None:
        return None
    encoder = FeatureEncoder.fit(table[:count], key=key)
    return None if encoder is None else encoder.encode(table[:count])


def shape_of(encoded: EncodedFeatures | None) -> FeatureShape | None:
    """The shape of encoded features."""
    if encoded is None:
        return None
    return FeatureShape(
        encoded.vocabulary_size,
        encoded.tokens.shape[1],
        encoded.numbers.shape[1],
        encoded.entries,
    )
