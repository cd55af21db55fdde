"""Reading the card of an export."""

from pathlib import Path

from kit.errors import UserError
from kit.exports._card import CARD, Card, RecommenderCard, upgrade
from kit.exports._card_check import check_card
from kit.exports._json_file import json_object


def read_card(version: Path) -> Card:
    """The card of a version, `assets.extra/card.json`.

    Raises:
        UserError: there is none, so it is not an export of this kit; or it is damaged, or has a
            newer version.
    """
    file = version / CARD
    if not file.is_file():
        raise UserError(
            "The export has no card.",
            where=str(file),
            expected="an export of this kit",
            remedy="Train one: kit train two-tower --data online-retail",
        )
    try:
        card = json_object(file)
    except UserError as error:
        raise UserError(
            f"The card of the export is damaged. {error.what}",
            where=str(file),
            expected=error.expected or "a JSON object, as the export wrote it",
            remedy="Export the model again; kit verify names what else was changed.",
        ) from error
    check_card(card, str(file))
    return upgrade(card, str(file))


def recommender_card(version: Path) -> RecommenderCard:
    """The card of an export that recommends items.

    Raises:
        UserError: the export has no card, or has another task.
    """
    card = read_card(version)
    if not isinstance(card, RecommenderCard):
        example = f" {card.example_input}" if card.example_input else ""
        raise UserError(
            f"This model is not a recommender: it {card.purpose}.",
            where=str(version),
            expected="an export of a recommender, such as two-tower",
            remedy=f"Query it with kit predict {version.parent}{example}, evaluate it with kit "
            f"evaluate {version.parent}.",
        )
    return card


def index_line(card: RecommenderCard) -> str:
    """The index of an export, in one line.

    Example:

    >>> from kit.exports._card import RetrievalCard
    >>> index_line(RetrievalCard(names={}))
    'exact'
    >>> searched = {"kind": "inverted-file", "lists": 400, "probes": 8}
    >>> found = {"recall": 0.961, "recall_similar": 0.957}
    >>> index_line(RetrievalCard(names={}, index={**searched, **found}))
    'inverted-file, 8 of 400 lists, recall@10 0.961 (similar items 0.957)'
    """
    index = card.index
    if index["kind"] == "exact":
        return "exact"
    lists = (
        f"{index['probes']:,} of {index['lists']:,} lists, " if index.get("lists", 1) > 1 else ""
    )
    return (
        f"{index['kind']}, {lists}recall@10 {index['recall']:.3f} "
        f"(similar items {index['recall_similar']:.3f})"
    )
