"""A sequential model of the right size for a data set."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from kit.data import Dataset, TrainableColumn
from kit.models._sequence_encoder import SequenceEncoder
from kit.models._sequence_loss import SequenceLoss
from kit.models._sequential import SequentialRecommender
from kit.models._two_tower_for import content_shape, encoded_features, fill, shape_of


def sequential_for(
    dataset: Dataset,
    *,
    dim: int,
    length: int,
    encoder: SequenceEncoder,
    loss: SequenceLoss,
    features: bool = True,
    contents: Sequence[tuple[TrainableColumn, NDArray[Any]]] = (),
    **settings: Any,
) -> SequentialRecommender:
    """Build a `SequentialRecommender` for the items of train, with their features stored in it.

    Args:
        dataset: the split data.
        dim: width of the vectors.
        length: most items of a history that are looked at.
        encoder: what turns a history into queries.
        loss: how it will be trained.
        features: whether to use the feature table of the items.
        contents: images and texts of the items, which the item tower learns to read.
        settings: what else the model takes.

    Returns:
        The model, built, untrained.

    Example:

    >>> from kit.data import open_source, split
    >>> dataset = split(open_source("online-retail", limit=2000))
    >>> model = sequential_for(
    ...     dataset, dim=4, length=8, encoder=SequenceEncoder("gru"), loss=SequenceLoss())
    >>> model.item_tower.features.tokens > 0
    True
    """
    items = encoded_features(dataset.items, "item_id", dataset.num_items) if features else None
    model = SequentialRecommender(
        dataset.num_items,
        dim,
        length=length,
        encoder=encoder,
        item_features=shape_of(items),
        item_contents=[content_shape(content) for content, _ in contents],
        loss=loss,
        **settings,
    )
    model.build()
    fill(model.item_tower, items, contents)
    return model
