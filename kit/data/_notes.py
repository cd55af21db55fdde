"""What a person should know of the data before a model learns from them."""

from collections.abc import Sequence
from typing import Protocol


class Read(Protocol):
    """A source, a dataset or a table: `cleaning` and `notes` say how it was read."""

    @property
    def cleaning(self) -> "Sequence[Step]": ...

    @property
    def notes(self) -> Sequence[str]: ...

    @property
    def rows_read(self) -> int: ...


class Step(Protocol):
    """A step of cleaning: what was dropped, and how many rows."""

    @property
    def name(self) -> str: ...

    @property
    def rows(self) -> int: ...

    @property
    def of_log(self) -> bool: ...


def note_lines(data: Read) -> list[str]:
    """Lines on what was dropped and what is strange."""
    lines = []
    for step in data.cleaning:
        share = f" ({100 * step.rows / data.rows_read:.1f} %)" if data.rows_read else ""
        lines.append(
            f"dropped:   {step.rows:,} {step.name}{share}"
            if step.of_log
            else f"note:      {step.rows:,} {step.name}"
        )
    return lines + [f"note:      {note}" for note in data.notes]
