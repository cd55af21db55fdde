"""Texts of a source with their labels, as its rows hold them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class TextSource:
    """What a source names.

    Args:
        name: as the user named it.
        texts: of each row; None where the cell is empty.
        names: where each row stands, for messages.
        labels: name of its class; None where the cell is empty.
        parts: "train", "valid" or "test" of each, where the source has a split; or None.
        licence: attribution, "" where the source has none.
    """

    name: str
    texts: Sequence[str | None]
    names: Sequence[str]
    labels: Sequence[str | None]
    parts: Sequence[str] | None
    licence: str

    def __repr__(self) -> str:
        classes = {label for label in self.labels if label is not None}
        return f"TextSource({self.name!r}: {len(self.texts):,} texts, {len(classes):,} classes)"
