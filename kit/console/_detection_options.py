"""Options of the recipe that finds objects in images."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from kit.console._bundle import Function, bundled
from kit.console._image_options import PICTURE_SEED
from kit.progress import stage

if TYPE_CHECKING:
    from kit.data.detection import DetectionData


@dataclass(frozen=True)
class DetectionOptions:
    """What the images are; the help of the options says what each means."""

    data: str
    classes: tuple[str, ...]
    on_bad_file: str
    limit: int | None
    seed: int

    def card(self) -> dict[str, Any]:
        """What an export keeps, to find its data again."""
        return asdict(self)

    @stage("read")
    def dataset(self) -> "DetectionData":
        """Open the source and split it."""
        from kit.data.detection import open_detection, split_detection

        source = open_detection(
            self.data,
            classes=self.classes,
            on_bad_file=self.on_bad_file,  # type: ignore[arg-type]
        )
        return split_detection(source, seed=self.seed, limit=self.limit)


_PICTURES = [
    click.option(
        "--data",
        metavar="SOURCE",
        required=True,
        help="A Pascal VOC folder (Annotations and JPEGImages, maybe ImageSets/Main), a YOLO "
        "folder (images, labels and data.yaml), a COCO .json, a .csv or .tsv with path, xmin, "
        "ymin, xmax, ymax and label, a folder of such files for train, val and test, tfds:NAME "
        "(tfds:voc/2007), or the built-in bccd.",
    ),
    click.option(
        "--classes",
        multiple=True,
        metavar="LABEL",
        help="A class to learn; repeatable. Boxes of others are dropped.  [default: all of train]",
    ),
    click.option(
        "--on-bad-file",
        type=click.Choice(["error", "skip"]),
        default="error",
        show_default=True,
        help="What to do with an image that cannot be decoded.",
    ),
    click.option(
        "--limit",
        type=click.IntRange(min=1),
        metavar="PICTURES",
        help="Use so many images of each part only, for a quick trial.",
    ),
    PICTURE_SEED,
]


def detection_options(function: Function) -> Function:
    """Add --data to --seed of images with boxes; the command gets `data`, `DetectionOptions`."""
    return bundled(function, _PICTURES, "data", DetectionOptions)
