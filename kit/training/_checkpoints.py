"""Where, when and of what training checkpoints are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.training._checkpoint_folder import CheckpointFolder


@dataclass(frozen=True)
class Checkpoints:
    """Where, when and of what training checkpoints are kept.

    Args:
        folder: of this training alone.
        settings: what has to be equal for training to go on from a checkpoint, by name; values as
            JSON knows them.
        every_steps: steps between checkpoints, or None.
        every_seconds: seconds between checkpoints, or None.
        keep: how many stay.
        resume: True: go on from the newest checkpoint, and there has to be one; False: start anew;
            None: go on if there is one.
    """

    folder: Path
    settings: Mapping[str, Any]
    every_steps: int | None = None
    every_seconds: float | None = 60.0
    keep: int = 3
    resume: bool | None = None

    def clear(self) -> None:
        """Remove them, once what was trained is where it belongs."""
        CheckpointFolder(self.folder, self.keep).remove()
