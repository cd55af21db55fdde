"""Options of recipes that learn from images with a class."""

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from kit.console._bundle import Function, bundled
from kit.errors import UserError
from kit.progress import stage

if TYPE_CHECKING:
    from kit.data.images import ImageData, ImageSource


@dataclass(frozen=True)
class ImageOptions:
    """What the images are; the help of the options says what each means."""

    data: str
    path_column: str | None
    label_column: str | None
    size: str | None
    on_bad_file: str
    split: str | None
    limit: int | None
    seed: int

    def __post_init__(self) -> None:
        self.height_and_width()

    def card(self) -> dict[str, Any]:
        """What an export keeps, to find its data again."""
        return asdict(self)

    def height_and_width(self) -> tuple[int, int] | None:
        """Of --size."""
        if self.size is None:
            return None
        found = re.fullmatch(r"(\d+)(?:x(\d+))?", self.size)
        if found is None or not all(4 <= int(n) <= 4096 for n in found.groups() if n):
            raise UserError(
                f"'{self.size}' is not an image size.",
                where="--size",
                expected="PIXELS or HEIGHTxWIDTH, each from 4 to 4096",
                remedy="Give for example --size 64, or --size 48x64.",
            )
        return int(found[1]), int(found[2] or found[1])

    @stage("read")
    def open(self) -> "ImageSource":
        """Open the source."""
        from kit.data.images import open_images

        return open_images(self.data, path_column=self.path_column, label_column=self.label_column)

    def split_of(
        self, source: "ImageSource", *, size: tuple[int, int] | None = None, in_colour: bool = False
    ) -> "ImageData":
        """Look into every image and split them.

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


# Augmentation takes seeds of 32 bits with a sign.
PICTURE_SEED = click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    metavar="NUMBER",
    default=0,
    show_default=True,
    help="Random seed.",
)

_IMAGES = [
    click.option(
        "--data",
        metavar="SOURCE",
        required=True,
        help="A folder with a folder of images for every class (or train and test of that kind), "
        "a .csv file of path and label, tfds:NAME, a folder of files in the format of MNIST, or "
        "the built-in fashion-mnist-part.",
    ),
    click.option("--path-column", metavar="NAME", help="Column of the path, if not found by name."),
    click.option("--label-column", metavar="NAME", help="Column of the class."),
    click.option(
        "--size",
        metavar="PIXELS",
        help="Height and width to which all are resized, or HEIGHTxWIDTH.  [default: their own]",
    ),
    click.option(
        "--on-bad-file",
        type=click.Choice(["error", "skip"]),
        default="error",
        show_default=True,
        help="What to do with files that are missing, empty or no images, and without --size "
        "with images of another size than most.",
    ),
    click.option(
        "--split",
        type=click.Choice(["given", "random"]),
        help="How the test set is held out.  [default: given, else random]",
    ),
    click.option(
        "--limit",
        type=click.IntRange(min=1),
        metavar="PICTURES",
        help="Train on that many images only, drawn at random, for a quick trial.",
    ),
    PICTURE_SEED,
]


def image_options(function: Function) -> Function:
    """Add --data to --seed; the command gets them as `data`, an `ImageOptions`."""
    return bundled(function, _IMAGES, "data", ImageOptions)
