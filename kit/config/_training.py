"""Options of training, of checkpoints, and of where results go."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kit.config._options import WITHOUT_EFFECT, Options, option
from kit.errors import UserError

if TYPE_CHECKING:
    from kit.training import Checkpoints


@dataclass(frozen=True, kw_only=True)
class RunOptions(Options):
    """Where results go. A model in closed form is fitted on one device in float32."""

    group: ClassVar[str] = "Training"
    strategy = "one"
    precision = "float32"

    output: str | None = option(
        None, "Folder for versions of the model.  [default: saved_models/RECIPE]", metavar="FOLDER"
    )
    report: str | None = option(
        None, "Folder for the report.  [default: reports/RECIPE]", metavar="FOLDER"
    )
    sign: str | None = option(
        None,
        "Sign the export by the private key of this PEM file, see kit sign.",
        metavar="FILE",
    )
    promote_if_better: bool = option(
        False,
        "Give the new version the label stable, by which it is served, unless it is worse than the "
        "one that has it on the test part of these data; then the exit code is 3.",
        names=("--promote-if-better",),
    )
    keep_versions: int | None = option(
        None,
        "Remove all but the newest versions of the model, and those that labels need.  [default: "
        "keep all]",
        min=1,
        metavar="N",
    )
    quiet: bool = option(False, "Print the closing table only.", names=("--quiet",))

    def __post_init__(self) -> None:
        super().__post_init__()
        # Errors before training, not after it.
        if self.sign is not None:
            from kit.exports import check_private_key

            check_private_key(Path(self.sign))
        for folder, name in ((self.output, "--output"), (self.report, "--report")):
            if folder is not None:
                check_folder(Path(folder), name)


@dataclass(frozen=True, kw_only=True)
class TrainingOptions(RunOptions):
    """How to train and where results go.

    Example:

    >>> TrainingOptions(epochs=3).epochs
    3
    """

    epochs: int | None = option(
        None,
        "Maximum epochs; training stops early when the validation metric plateaus.  "
        "[default: the recipe's]",
        min=1,
    )
    batch_size: int | None = option(
        None,
        "{Rows} in a batch.  [default: by the number of {rows}]",
        min=1,
        metavar="{ROWS}",
    )
    dim: int = option(128, "Width of the embeddings.", min=2)
    learning_rate: float | None = option(
        None, "Peak learning rate.  [default: the recipe's]", above=0
    )
    strategy: str = option(
        "auto",
        "Devices to train on. auto: the cluster of TF_CONFIG or SLURM, else a TPU, else all GPUs "
        "of the machine where there are several, else one device.",
        choices=("auto", "one", "mirrored", "multi-worker", "parameter-server", "tpu"),
    )
    precision: str = option(
        "auto",
        "Precision of computation; auto is mixed_bfloat16 on TPUs, GPUs of compute capability 8.0 "
        "or above and CPUs with AMX, else float32. Weights and exports are float32.",
        choices=("auto", "float32", "mixed_bfloat16", "mixed_float16"),
    )


@dataclass(frozen=True, kw_only=True)
class StartOptions(Options):
    """From which weights training begins."""

    group: ClassVar[str] = "Training"
    of_model: ClassVar[bool] = True

    start: str | None = option(
        None,
        "Begin from the weights of this export: known items and words keep their vectors. --data "
        "is the whole log to date.",
        names=("--from",),
        metavar="DIR",
    )

    def apply(self, model: Any, data: Any) -> None:
        """Give a model those weights, if there are such."""
        if self.start is not None:
            from kit.exporting import start_from

            start_from(model, data, self.start)


@dataclass(frozen=True, kw_only=True)
class CheckpointOptions(Options):
    """Whether to resume from a checkpoint, and when to write one."""

    group: ClassVar[str] = "Checkpoints"

    resume: bool | None = option(
        None,
        "Resume from the latest checkpoint, or delete it and start over.  [default: resume if "
        "there is one of the same run]",
        names=("--resume/--fresh",),
    )
    checkpoints: str | None = option(
        None,
        "Folder of the checkpoints, which are deleted when the run is done.  [default: "
        "checkpoints in the folder of --report]",
        metavar="FOLDER",
    )
    checkpoint_minutes: float = option(1.0, "Minutes of training between two checkpoints.", above=0)
    checkpoint_steps: int | None = option(
        None, "Steps between two checkpoints, if that comes first.", min=1, metavar="STEPS"
    )
    keep_checkpoints: int = option(3, "Number of checkpoints to keep.", min=1, metavar="NUMBER")

    def __post_init__(self) -> None:
        super().__post_init__()
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


def check_folder(folder: Path, option: str) -> None:
    """Raise `UserError` where a folder that is still to be made cannot be written."""
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise UserError(
            f"The folder of {option} cannot be written.",
            where=str(folder),
            expected=f"{nearest} to be a folder you may write to",
            remedy=f"Name another: {option} FOLDER",
        )
