"""Why an item is recommended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kit.exports._loaded import LoadedExport

# Of the margin, that items have to carry to be called its cause.
CAUSE = 0.2
NAMED = 2
RANKED = 5
NEGLIGIBLE = 1e-4
"""A part below this share of the largest is not there: without features there is rounding."""


@dataclass(frozen=True)
class Reason:
    """An item of a history, and what it contributes to the score of a recommended one.

    Args:
        item_id: the item of the history.
        name: its title, or its id.
        contribution: what it adds to the margin; of sequential models, what is lost without it.
        share: of the margin; None where the margin is not above 0.
    """

    item_id: str
    name: str
    contribution: float
    share: float | None


@dataclass(frozen=True)
class Explanation:
    """The score of an item in parts.

    All parts are relative to the average item of the catalogue: their sum is the margin of the item
    over that one, `score - base`.

    Args:
        item_id: the recommended item.
        name: its title, or its id.
        score: what lists are ordered by.
        rank: its place in the list, from 1; None if it is not in it.
        base: the score of the average item.
        parts: what is added by the item's popularity and trend ("prior"), by the user's features
            ("user"), by the history ("history") and by the ranking stage ("ranking").
        reasons: items of the history, largest contribution first.
        is_sum: whether the contributions of the whole history add up to its part; otherwise they
            are what is lost without each item.
        ranks_without: of the first reasons, the item's place in the list of the same history
            without that item; None if it is not in it. Empty where it cannot be asked for, as of a
            user whose features count.
    """

    item_id: str
    name: str
    score: float
    rank: int | None
    base: float
    parts: dict[str, float]
    reasons: list[Reason]
    is_sum: bool
    ranks_without: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def margin(self) -> float:
        """By how much the score exceeds that of the average item."""
        return self.score - self.base

    @property
    def shares(self) -> dict[str, float | None]:
        """The share of each part in the margin; None where the margin is not above 0."""
        return {name: share_of(part, self.margin) for name, part in self.parts.items()}

    @property
    def because_of(self) -> list[Reason]:
        """The reasons that are named: at most two, that add to the margin."""
        return [reason for reason in self.reasons[:NAMED] if reason.contribution > 0]

    @property
    def because_share(self) -> float | None:
        """The share of the margin that the named reasons carry."""
        return share_of(sum(reason.contribution for reason in self.because_of), self.margin)

    @property
    def why(self) -> str:
        """The reason in words, see `in_words`."""
        return in_words([reason.name for reason in self.because_of], self.because_share)


def with_ranks(export: "LoadedExport", found: Explanation, history: Sequence[str]) -> Explanation:
    """An explanation with the ranks of its item without each of the first reasons.

    Lists are those of `from_history`, less the item that is left out.

    Args:
        export: asked for the lists.
        found: the explanation.
        history: ids of items, oldest first, that it is of.
    """
    largest = max(map(abs, found.parts.values()), default=0.0)
    if (
        abs(found.parts.get("user", 0.0)) > NEGLIGIBLE * largest
        or "from_history" not in export.signatures
    ):
        return found
    shown = [reason.item_id for reason in found.reasons[:RANKED]]
    histories = [[one for one in history if one != out] or [""] for out in shown]
    ranks: dict[str, int | None] = {}
    for out, items in zip(shown, export.lists_of_histories(histories)[0], strict=True):
        places = [item for item in items if item not in ("", out)]
        is_in = found.item_id in places
        ranks[out] = places.index(found.item_id) + 1 if is_in else None
    return replace(found, ranks_without=ranks)


def share_of(part: float, margin: float) -> float | None:
    """The share of a part in a margin; None where the margin is not above 0."""
    return part / margin if margin > 0 else None


def is_cause(share: float | None) -> bool:
    """Whether items that carry this share of the margin are its cause: at least a fifth."""
    return share is not None and share >= CAUSE


def in_words(names: Sequence[str], share: float | None) -> str:
    """The reason for a recommendation; "because" only where the named items are its cause.

    Args:
        names: of items of the history.
        share: of the margin, that they carry; None if unknown.

    Example:

    >>> in_words(["Red cup", "Blue cup"], 0.6), in_words(["Red cup"], 0.1), in_words([], None)
    ('because of Red cup and Blue cup', 'like Red cup, which you had', '')
    """
    if not names:
        return ""
    joined = " and ".join(names)
    return f"because of {joined}" if is_cause(share) else f"like {joined}, which you had"
