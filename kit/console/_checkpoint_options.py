"""Options of training that may be stopped and goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kit.console._bundle import Function, bundled
from kit.console._options import check_folder

if TYPE_CHECKING:
    from kit.training import Checkpoints

# Neither changes what is learned: where data lie and results go, what is shown, who computes.
# That the data are the same their content says.
WITHOUT_EFFECT = {"data", "items", "users", "output", "report", "quiet", "strategy"}


@dataclass(frozen=True)
class CheckpointOptions:
    """Whether to go on from a checkpoint, and when to keep one."""

    resume: bool | None
    checkpoints: str | None
    checkpoint_minutes: float
    checkpoint_steps: int | None
    keep_checkpoints: int

    def __post_init__(self) -> None:
        if self.checkpoints is not None:
            check_folder(Path(self.checkpoints), "--checkpoints")

    def of_run(self, report: Path, settings: Mapping[str, Any], stage: str = "") -> "Checkpoints":
        """The same for `kit.training.fit`.

        Args:
            report: folder of the run's report, in which they are by default.
            settings: what makes this run what it is.
            stage: of a run that trains several models, which one; each has a folder of its own.
        """
        from kit.training import Checkpoints

        return Checkpoints(
            folder=Path(self.checkpoints or report / "checkpoints") / stage,
            settings={n: value for n, value in settings.items() if n not in WITHOUT_EFFECT},
            every_steps=self.checkpoint_steps,
            every_seconds=60 * self.checkpoint_minutes,
            keep=self.keep_checkpoints,
            resume=self.resume,
        )


_OPTIONS = [
    click.option(
        "--resume/--fresh",
        default=None,
        help="Resume from the latest checkpoint, or delete it and start over.  [default: resume if "
        "there is one of the same run]",
    ),
    click.option(
        "--checkpoints",
        metavar="FOLDER",
        help="Folder of the checkpoints, which are deleted when the run is done.  "
        "[default: checkpoints in the folder of --report]",
    ),
    click.option(
        "--checkpoint-minutes",
        type=click.FloatRange(min=0, min_open=True),
        default=1.0,
        show_default=True,
        help="Minutes of training between two checkpoints.",
    ),
    click.option(
        "--checkpoint-steps",
        type=click.IntRange(min=1),
        metavar="STEPS",
        help="Steps between two checkpoints, if that comes first.",
    ),
    click.option(
        "--keep-checkpoints",
        type=click.IntRange(min=1),
        metavar="NUMBER",
        default=3,
        show_default=True,
        help="Number of checkpoints to keep.",
    ),
]


def checkpoint_options(function: Function) -> Function:
    """Add --resume to --keep-checkpoints; the command gets them as `checkpoint`."""
    return bundled(function, _OPTIONS, "checkpoint", CheckpointOptions)
