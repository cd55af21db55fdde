"""The card an export carries: what it is, for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.artefact._card_check import check_card
from kit.artefact._json_object import json_object
from kit.errors import UserError

CARD = Path("assets.extra", "card.json")


def read_card(version: Path) -> dict[str, Any]:
    """`assets.extra/card.json` of a version.

    Raises:
        UserError: there is none, so it is not an export of this kit, or it is damaged.
    """
    file = version / CARD
    if not file.is_file():
        raise UserError(
            "The artefact has no card.",
            where=str(file),
            expected="an export of this kit",
            remedy="Train one: kit train two-tower --data online-retail",
        )
    try:
        card = json_object(file)
    except UserError as error:
        raise UserError(
            f"The card of the artefact is damaged. {error.what}",
            where=str(file),
            expected=error.expected or "a JSON object, as the export wrote it",
            remedy="Export the model again; kit verify names what else was changed.",
        ) from error
    check_card(card, str(file))
    return card


def recommender_card(version: Path) -> dict[str, Any]:
    """The card of an export that recommends items.

    Raises:
        UserError: the export has no card, or it is of another kind.
    """
    card = read_card(version)
    if "names" not in card:
        kind = kind_of(card)
        raise UserError(
            f"This model recommends nothing: it {kind.does}.",
            where=str(version),
            expected="an export of a recommender, such as two-tower",
            remedy=f"Ask it with kit predict {version.parent}{kind.asked}, measure it with kit "
            f"evaluate {version.parent}.",
        )
    return card


@dataclass(frozen=True)
class Kind:
    """What an export is for.

    Args:
        does: the rest of a sentence that begins with "it".
        nouns: what its data consists of.
        asked: options of `kit predict`, with a blank before them, or "".
    """

    does: str
    nouns: str
    asked: str = ""


def kind_of(card: Mapping[str, Any]) -> Kind:
    """What the export of a card is for; the one place that tells it from the card's keys.

    Example:

    >>> kind_of({"labels": {"click": "1"}}).does, kind_of({"classes": ["cat"]}).nouns
    ('predicts click', 'images')
    """
    image, text = " --input image=@FILE", " --input text=TEXT"
    if "names" in card:
        return Kind("recommends items", "interactions")
    if "preset" in card:
        return Kind("gives vectors of images or texts", "examples")
    if "labels" in card:
        return Kind(f"predicts {' and '.join(card['labels'])}", "rows")
    if "picture_shape" in card:
        return Kind("finds objects in images", "images", image)
    if "pieces" in card:
        return Kind("predicts classes of texts", "texts", text)
    if "classes" in card:
        return Kind("predicts classes of images", "images", image)
    if "writes" in card:
        return Kind(f"writes texts: the {card['writes']} of a text", "pairs of texts", text)
    # A card of another program, or of a test, says nothing.
    return Kind("predicts something else", "interactions")


def index_line(card: dict[str, Any]) -> str:
    """How an export finds the best items, in a line.

    Example:

    >>> index_line({"index": {"kind": "exact", "recall": 1.0}})
    'exact'
    >>> searched = {"kind": "inverted-file", "lists": 400, "probes": 8}
    >>> index_line({"index": {**searched, "recall": 0.961, "recall_similar": 0.957}})
    'inverted-file, 8 of 400 lists, recall@10 0.961 (similar items 0.957)'
    """
    index = card["index"]
    if index["kind"] == "exact":
        return "exact"
    lists = (
        f"{index['probes']:,} of {index['lists']:,} lists, " if index.get("lists", 1) > 1 else ""
    )
    return (
        f"{index['kind']}, {lists}recall@10 {index['recall']:.3f} "
        f"(similar items {index['recall_similar']:.3f})"
    )
