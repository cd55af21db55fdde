"""Images to learn from, to choose by and to be judged by."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kit.data._class_split import repeats_in_words
from kit.data._parts import PARTS
from kit.data.detection._boxes import DetectionImage
from kit.data.detection._source import DetectionSource
from kit.errors import UserError

VALID_SHARE, TEST_SHARE = 0.1, 0.2


@dataclass(frozen=True)
class DetectionData:
    """Images with boxes, split.

    Args:
        name: of the source.
        classes: names; a label is a place in them.
        train: to learn from.
        valid: to choose the weights by.
        test: to be judged by.
        split: how they were told apart.
        repairs: a line for everything that was put right or left out.
        licence: attribution of a built-in data set, else "".
        options: how the data were opened, an `Options` of `kit.config`, or None.
    """

    name: str
    classes: list[str]
    train: list[DetectionImage]
    valid: list[DetectionImage]
    test: list[DetectionImage]
    split: str
    repairs: list[str]
    licence: str
    options: Any = field(default=None, kw_only=True, repr=False, compare=False)

    def boxes(self, part: str) -> int:
        """How many boxes a part has."""
        return sum(len(image.boxes) for image in getattr(self, part))

    def __repr__(self) -> str:
        sizes = " / ".join(f"{len(part):,}" for part in (self.train, self.valid, self.test))
        return (
            f"DetectionData({self.name!r}: {len(self.classes)} classes; {sizes} images in "
            "train / valid / test)"
        )


def split_detection(
    source: DetectionSource,
    *,
    seed: int = 0,
    limit: int | None = None,
) -> DetectionData:
    """Split a source.

    Of a given split test is its test part; where it has none its valid part, which is then not
    chosen by. Where valid is missing a tenth of train is drawn for it, and where no split is given
    a fifth of all images for test before.

    Args:
        source: the images.
        seed: of the draw.
        limit: keep only so many images of each part, drawn.

    Raises:
        UserError: a part is left without images or train without boxes.

    Example:

    >>> from kit.data.detection._source import open_detection
    >>> data = split_detection(open_detection("bccd"), limit=8)
    >>> len(data.train), len(data.valid), len(data.test)
    (8, 4, 8)
    """
    rng = np.random.default_rng(seed)
    of_part: dict[str, list[DetectionImage]] = {part: [] for part in (*PARTS, "")}
    for part, image in source.images:
        of_part[part].append(image)
    if not of_part["train"]:
        if of_part["test"] or of_part["valid"]:
            raise UserError(
                "The source has no train part.",
                where=source.name,
                expected="a list or file of train beside the others",
                remedy="Add it, or remove the other lists for a random split.",
            )
        everything = of_part[""]
        test, train = _drawn(everything, TEST_SHARE, rng)
        valid, train = _drawn(train, VALID_SHARE, rng)
        words = (
            f"random: {TEST_SHARE:.0%} of the images are test, {VALID_SHARE:.0%} of the others "
            f"valid, seed {seed}"
        )
    else:
        train, valid, test = (of_part[part] for part in PARTS)
        words = "given: train, valid and test as the source has them"
        if not test or not valid:
            words = (
                f"given: test is its {'test' if test else 'valid'} part; valid is "
                f"{VALID_SHARE:.0%} of its train part at random, seed {seed}"
            )
            test = test or valid
            valid, train = _drawn(train, VALID_SHARE, rng)
    if limit is not None:
        train, valid, test = (_first(part, limit, rng) for part in (train, valid, test))
        words += f"; at most {limit:,} images of each part, seed {seed}"
    for name, images in zip(PARTS, (train, valid, test), strict=True):
        if not any(len(image.boxes) for image in images):
            raise UserError(
                f"The {name} part has no box.",
                where=source.name,
                expected="at least ten images with boxes",
                remedy="Give more images or a larger --limit.",
            )
    words += repeats_in_words(
        ([one.digest for one in part if one.digest] for part in (train, valid, test)), "images"
    )
    return DetectionData(
        source.name, source.classes, train, valid, test, words, source.repairs, source.licence
    )


def _drawn(
    images: Sequence[DetectionImage], share: float, rng: np.random.Generator
) -> tuple[list[DetectionImage], list[DetectionImage]]:
    """A share of the images, and the others."""
    count = max(1, round(share * len(images)))
    chosen = set(rng.permutation(len(images))[:count].tolist())
    drawn = [one for place, one in enumerate(images) if place in chosen]
    return drawn, [one for place, one in enumerate(images) if place not in chosen]


def _first(
    images: list[DetectionImage], limit: int, rng: np.random.Generator
) -> list[DetectionImage]:
    if len(images) <= limit:
        return images
    return [images[place] for place in sorted(rng.permutation(len(images))[:limit].tolist())]
