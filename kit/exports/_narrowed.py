"""What a recommender is asked with, and an entry of what it answers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recommendation:
    """An entry of a recommended list.

    Args:
        item_id: the item.
        name: its title, or its id.
        score: what the list is ordered by.
        because_of: names of items of the history that contribute most to it; of exports that do
            not explain themselves, names of the nearest ones.
        because_share: their share of the item's margin over the average item; None if unknown.
    """

    item_id: str
    name: str
    score: float
    because_of: list[str]
    because_share: float | None = None


@dataclass(frozen=True)
class Narrowed:
    """Rules of a request; those from `boost` on need a two-stage model.

    Args:
        exclude: items to exclude.
        where: required `column=value`.
        boost: items or `column=value`, with the factors of their odds.
        at_most: maximum items of one category; 0 is no limit.
        diversity: 0 to 1; None uses that of the export.
    """

    exclude: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    boost: tuple[tuple[str, float], ...] = ()
    at_most: int = 0
    diversity: float | None = None


NOT_NARROWED = Narrowed()
"""A query without rules: the whole catalogue."""
