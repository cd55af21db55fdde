"""Options of recipes that learn from images."""

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from kit.config._data import SIGNED_SEED
from kit.config._options import Options, option
from kit.errors import UserError
from kit.progress import stage

if TYPE_CHECKING:
    from kit.data.detection import DetectionData
    from kit.data.images import ImageData, ImageSource

AUGMENTATIONS = ("flip", "crop", "cutout", "mixup", "randaugment")


@dataclass(frozen=True, kw_only=True)
class ImageOptions(Options):
    """Where images with a class are and how they are split.

    Example:

    >>> ImageOptions(data="fashion-mnist-part", size="48x64").height_and_width()
    (48, 64)
    """

    group: ClassVar[str] = "Data"

    data: Any = option(
        help="A folder with a folder of images for every class (or train and test of that kind), "
        "a .csv file of path and label, tfds:NAME, a folder of files in the format of MNIST, or "
        "the built-in fashion-mnist-part.",
        metavar="SOURCE",
    )
    path_column: str | None = option(
        None, "Column of the path, if not found by name.", metavar="NAME"
    )
    label_column: str | None = option(None, "Column of the class.", metavar="NAME")
    size: str | None = option(
        None,
        "Height and width to which all are resized, or HEIGHTxWIDTH.  [default: their own]",
        metavar="PIXELS",
    )
    on_bad_file: str = option(
        "error",
        "What to do with files that are missing, empty or no images, and without --size with "
        "images of another size than most.",
        choices=("error", "skip"),
    )
    split: str | None = option(
        None,
        "How the test set is held out.  [default: given, else random]",
        choices=("given", "random"),
    )
    limit: int | None = option(
        None,
        "Train on that many images only, drawn at random, for a quick trial.",
        min=1,
        metavar="IMAGES",
    )
    seed: int = option(0, "Random seed.", min=0, max=SIGNED_SEED, metavar="NUMBER")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.height_and_width()

    def height_and_width(self) -> tuple[int, int] | None:
        """Of --size."""
        if self.size is None:
            return None
        sides = re.fullmatch(r"(\d+)(?:x(\d+))?", str(self.size))
        if sides is None or not all(4 <= int(n) <= 4096 for n in sides.groups() if n):
            raise UserError(
                f"'{self.size}' is not an image size.",
                where="--size",
                expected="PIXELS or HEIGHTxWIDTH, each from 4 to 4096",
                remedy="Give for example --size 64, or --size 48x64.",
            )
        return int(sides[1]), int(sides[2] or sides[1])

    @stage("read")
    def open(self) -> "ImageSource":
        """Open the source."""
        from kit.data.images import open_images

        return open_images(self.data, path_column=self.path_column, label_column=self.label_column)

    def split_of(
        self, source: "ImageSource", *, size: tuple[int, int] | None = None, in_colour: bool = False
    ) -> "ImageData":
        """Decode every image and split them.

        Args:
            source: what `open` returned.
            size: of the images, where --size gives none.
            in_colour: whether grey images get three channels, too.
        """
        from kit.data.images import split_images

        return split_images(
            source,
            self.split,
            size=self.height_and_width() or size,
            in_colour=in_colour,
            on_bad_file=self.on_bad_file,  # type: ignore[arg-type]
            limit=self.limit,
            seed=self.seed,
        )

    def dataset(
        self, *, size: tuple[int, int] | None = None, in_colour: bool = False
    ) -> "ImageData":
        """Open the source and split it, see `split_of`."""
        data = self.split_of(self.open(), size=size, in_colour=in_colour)
        return replace(data, options=self)


@dataclass(frozen=True, kw_only=True)
class ImageTrainingOptions(Options):
    """The image classifier and its regularization."""

    model: str = option("resnet", "What is trained from scratch.", choices=("resnet", "convnext"))
    backbone: str | None = option(
        None,
        "Fine-tune a pretrained network instead: the name of a preset of keras-hub, or a folder "
        "that has one. Needs the extra: pip install keras-application-kit[pretrained]",
        metavar="PRESET",
    )
    frozen_epochs: int = option(
        3, "Epochs in which only the new head is trained, before the whole --backbone is.", min=0
    )
    augment: str = option(
        "flip,crop,cutout",
        "Augmentation in training: none, or some of flip, crop, cutout, mixup, randaugment. Leave "
        "out flip where left and right differ, as in digits.",
        metavar="KINDS",
    )
    class_weights: str = option(
        "none", "balanced: weight classes by inverse frequency.", choices=("none", "balanced")
    )
    label_smoothing: float = option(
        0.1, "Label smoothing: share of the target spread over all classes.", min=0, below=1
    )
    adversarial: int = option(
        0,
        "Train on attacked images, each pixel up to so many of 255 levels from its own; takes "
        "twice as long, and the report has PGD. 0 is none.",
        min=0,
        max=64,
        metavar="LEVELS",
    )
    dropout: float = option(0.1, "Dropout rate of the embedding.", min=0, below=1)
    average: float = option(
        0.02,
        "Exponential moving average of the weights, over about this share of the steps; the "
        "averages are evaluated and exported. 0 disables it.",
        min=0,
        below=1,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for kind in self.kinds:
            if kind not in AUGMENTATIONS:
                raise UserError(
                    f"Unknown augmentation '{kind}'.",
                    where="--augment",
                    expected=f"none, or some of {', '.join(AUGMENTATIONS)}, with commas between",
                )

    @property
    def kinds(self) -> list[str]:
        """Of --augment."""
        if self.augment.strip() in ("", "none"):
            return []
        return [kind.strip() for kind in self.augment.split(",")]


@dataclass(frozen=True, kw_only=True)
class DetectionOptions(Options):
    """Where images with boxes are."""

    group: ClassVar[str] = "Data"

    data: Any = option(
        help="A Pascal VOC folder (Annotations and JPEGImages, maybe ImageSets/Main), a YOLO "
        "folder (images, labels and data.yaml), a COCO .json, a .csv or .tsv with path, xmin, "
        "ymin, xmax, ymax and label, a folder of such files for train, val and test, tfds:NAME "
        "(tfds:voc/2007), or the built-in bccd.",
        metavar="SOURCE",
    )
    classes: tuple[str, ...] = option(
        (),
        "A class to learn; repeatable. Boxes of others are dropped.  [default: all of train]",
        metavar="LABEL",
    )
    on_bad_file: str = option(
        "error",
        "What to do with an image that cannot be decoded.",
        choices=("error", "skip"),
    )
    limit: int | None = option(
        None,
        "Use so many images of each part only, for a quick trial.",
        min=1,
        metavar="IMAGES",
    )
    seed: int = option(0, "Random seed.", min=0, max=SIGNED_SEED, metavar="NUMBER")

    def dataset(self) -> "DetectionData":
        """Open the source and split it."""
        return replace(self._dataset(), options=self)

    @stage("read")
    def _dataset(self) -> "DetectionData":
        from kit.data.detection import open_detection, split_detection

        source = open_detection(
            self.data,
            classes=self.classes,
            on_bad_file=self.on_bad_file,  # type: ignore[arg-type]
        )
        return split_detection(source, seed=self.seed, limit=self.limit)


@dataclass(frozen=True, kw_only=True)
class DetectionTrainingOptions(Options):
    """The detector and its augmentation."""

    size: int | None = option(
        None,
        "Longer side of what the model takes; the shorter one follows from the images.  "
        "[default: the images', at most 416]",
        min=64,
        metavar="PIXELS",
    )
    flip: str = option(
        "horizontal",
        "Flip images in training; both where images have no natural orientation.",
        choices=("horizontal", "both", "none"),
    )
    mosaic: float = option(0.5, "Share of training images that are mosaics of four.", min=0, max=1)
    backbone: str | None = option(
        None,
        "Fine-tune a pretrained network instead: a preset of keras-hub, or a folder that has one. "
        "Needs the extra: pip install keras-application-kit[pretrained]",
        metavar="PRESET|FOLDER",
    )
