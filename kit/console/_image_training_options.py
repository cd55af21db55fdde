"""How a classifier of images is trained."""

from dataclasses import dataclass

import click

from kit.console._bundle import Function, bundled
from kit.errors import UserError

KINDS = ("flip", "crop", "cutout", "mixup", "randaugment")


@dataclass(frozen=True)
class ImageTrainingOptions:
    """The model and regularization."""

    model: str
    backbone: str | None
    frozen_epochs: int
    augment: str
    class_weights: str
    label_smoothing: float
    dropout: float
    average: float

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in KINDS:
                raise UserError(
                    f"Unknown augmentation '{kind}'.",
                    where="--augment",
                    expected=f"none, or some of {', '.join(KINDS)}, with commas between",
                )

    @property
    def kinds(self) -> list[str]:
        """Of --augment."""
        if self.augment.strip() in ("", "none"):
            return []
        return [kind.strip() for kind in self.augment.split(",")]


_OPTIONS = [
    click.option(
        "--model",
        type=click.Choice(["resnet", "convnext"]),
        default="resnet",
        show_default=True,
        help="What is trained from scratch.",
    ),
    click.option(
        "--backbone",
        metavar="PRESET",
        help="Fine-tune a pretrained network instead: the name of a preset of keras-hub, or a "
        "folder that has one. Needs the extra: pip install kit[pretrained]",
    ),
    click.option(
        "--frozen-epochs",
        type=click.IntRange(min=0),
        default=3,
        show_default=True,
        help="Epochs in which only the new head is trained, before the whole --backbone is.",
    ),
    click.option(
        "--augment",
        metavar="KINDS",
        default="flip,crop,cutout",
        show_default=True,
        help="Augmentation in training: none, or some of flip, crop, cutout, mixup, "
        "randaugment. Leave out flip where left and right differ, as in digits.",
    ),
    click.option(
        "--class-weights",
        type=click.Choice(["none", "balanced"]),
        default="none",
        show_default=True,
        help="balanced: weight classes by inverse frequency.",
    ),
    click.option(
        "--label-smoothing",
        type=click.FloatRange(0, 1, max_open=True),
        default=0.1,
        show_default=True,
        help="Label smoothing: share of the target spread over all classes.",
    ),
    click.option(
        "--dropout",
        type=click.FloatRange(0, 1, max_open=True),
        default=0.1,
        show_default=True,
        help="Dropout rate of the embedding.",
    ),
    click.option(
        "--average",
        type=click.FloatRange(0, 1, max_open=True),
        default=0.02,
        show_default=True,
        help="Exponential moving average of the weights, over about this share of the steps; the "
        "averages are evaluated and exported. 0 disables it.",
    ),
]


def image_training_options(function: Function) -> Function:
    """Add --model to --average; the command gets them as `how`, an `ImageTrainingOptions`."""
    return bundled(function, _OPTIONS, "how", ImageTrainingOptions)
