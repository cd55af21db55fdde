"""Read the parts of an export, so that another version can be made of them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.data import Attributes, Histories
from kit.errors import UserError
from kit.exporting._offers import OfferPlan
from kit.exporting._recommender import RecommenderParts
from kit.exporting._segments import SegmentCentres
from kit.exports import check_intact, is_forgotten_user, load_version
from kit.retrieval import ItemWeights, ItemWeightsIndex, unpacked


def read_parts(version: Path, *, trust: bool = False) -> RecommenderParts:
    """The parts of the graph of a retrieval model.

    Args:
        version: the folder of the export.
        trust: also if it was changed, or could do what no export of this kit does.

    Raises:
        UserError: it was changed, or was made by a version of the kit that did not store its parts.
    """
    # The next version's manifest would certify a file that was changed here.
    if not trust:
        check_intact(version)
    model = load_version(version, trust=trust)
    if not hasattr(model, "contents"):
        raise UserError(
            "The parts of the export cannot be read.",
            where=str(version),
            expected="one made by this version of the kit",
            remedy="Train it again.",
        )
    contents = {name: value.numpy() for name, value in model.contents().items()}
    users, items = _text(contents["user_ids"]), _text(contents["item_ids"])
    attributes = tuple(_text(contents["attribute_values"]))
    linear = _weights(contents, "linear/")
    plan = getattr(model, "offer_plan", None)
    segments = None
    if hasattr(model, "segment_centres"):
        groups = {name: x.numpy() for name, x in model.segment_centres().items()}
        segments = SegmentCentres(groups["centres"], _text(groups["names"]))
    # Rows of forgotten users are empty.
    rows = np.flatnonzero([not is_forgotten_user(user) for user in users])
    offers = plan and OfferPlan.unpacked({name: x.numpy() for name, x in plan().items()})
    return RecommenderParts(
        user_ids=[users[row] for row in rows],
        item_ids=items,
        user_vectors=contents["user_vectors"][rows],
        item_vectors=contents["item_vectors"],
        owned=Histories(contents["owned_offsets"], contents["owned_items"]).take(rows),
        popularity=contents["popularity"],
        attributes=Attributes(attributes, contents["attribute_tokens"]),
        item_features=getattr(model, "item_features", None),
        history_encoder=getattr(model, "history_encoder", None),
        linear=None if linear is None else ItemWeightsIndex(linear, contents["linear_prior"]),
        item_weights=_weights(contents, "item_weights/"),
        offers=offers and replace(offers, visits=offers.visits[[*rows, -1]]),
        segments=segments,
    )


def _weights(contents: Mapping[str, NDArray[Any]], prefix: str) -> ItemWeights | None:
    arrays = {n.removeprefix(prefix): x for n, x in contents.items() if n.startswith(prefix)}
    return unpacked(arrays) if arrays else None


def _text(values: NDArray[Any]) -> list[str]:
    return [value.decode() for value in values]
