"""Pairs of texts as a source holds them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PairSource:
    """What a source names.

    Args:
        name: as the user named it.
        sources: texts that are given; a text may come several times.
        targets: what is to be made of each.
        parts: "train", "valid" or "test" of each pair, where the source has a split; or None.
        names: what the source calls its two sides.
        licence: attribution, "" where the source has none.
    """

    name: str
    sources: Sequence[str]
    targets: Sequence[str]
    parts: Sequence[str] | None
    names: tuple[str, str]
    licence: str

    def __repr__(self) -> str:
        return f"PairSource({self.name!r}: {len(self.sources):,} pairs)"
