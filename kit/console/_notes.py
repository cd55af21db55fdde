"""What a person should know of the data before a model learns from them."""

from collections.abc import Sequence
from typing import Protocol


class Read(Protocol):
    """A source, a dataset or a table: `cleaning` and `notes` say how it was read."""

    @property
    def cleaning(self) -> "Sequence[Step]": ...

    @property
    def notes(self) -> Sequence[str]: ...


class Step(Protocol):
    """A step of cleaning: what was dropped, and how many rows."""

    @property
    def name(self) -> str: ...

    @property
    def rows(self) -> int: ...


def note_lines(data: Read, rows: int | None = None) -> list[str]:
    """Lines on what was dropped and what is strange.

    Args:
        data: how they were read.
        rows: rows read, of which a step dropped a share; None leaves shares out.
    """
    lines = []
    for step in data.cleaning:
        share = f" ({step.rows / rows:.1%})" if rows else ""
        lines.append(f"dropped {step.rows:,} {step.name}{share}")
    return lines + [f"note    {note}" for note in data.notes]
