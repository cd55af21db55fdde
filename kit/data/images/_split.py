"""Split images into what a model learns from, is chosen by and is measured on."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.data._class_split import (
    check_classes,
    check_parts,
    drawn,
    given,
    limited,
    repeats_in_words,
)
from kit.data._clean import CleaningStep
from kit.data._parts import PARTS, TEST, TRAIN, VALID
from kit.data.images._images import Images, Looked, OnBadFile, look
from kit.data.images._source import ImageSource

MOST_IN_MEMORY = 2 << 30


@dataclass(frozen=True)
class ImageData:
    """Images, split.

    Args:
        name: the source, as the user named it.
        classes: names, in order.
        shape: height, width and channels in which the images are used.
        train: images to learn from.
        valid: images to choose by.
        test: images to measure by.
        split: the protocol in a line of plain words.
        split_method: "given" or "random".
        is_resized: whether an image has another size in the source.
        pictures_read: images of the source.
        cleaning: what was left out.
        licence: attribution of a built-in set, else "".
        options: how the data were opened, an `Options` of `kit.config`, or None.
    """

    name: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    train: Images
    valid: Images
    test: Images
    split: str
    split_method: str
    is_resized: bool
    pictures_read: int
    cleaning: tuple[CleaningStep, ...]
    licence: str
    options: Any = field(default=None, kw_only=True, repr=False, compare=False)

    def __repr__(self) -> str:
        sizes = " / ".join(f"{len(part):,}" for part in (self.train, self.valid, self.test))
        return (
            f"ImageData({self.name!r}: {len(self.classes)} classes; {sizes} images in "
            "train / valid / test)"
        )


def split_images(
    source: ImageSource,
    method: str | None = None,
    *,
    size: tuple[int, int] | None = None,
    in_colour: bool = False,
    on_bad_file: OnBadFile = "error",
    limit: int | None = None,
    seed: int = 0,
    valid_share: float = 0.1,
    test_share: float = 0.1,
) -> ImageData:
    """Look into every image and split them; each class is split in the same shares.

    Images are held in memory where their pixels take at most 2 GiB.

    Args:
        source: what `open_images` returned.
        method: "given" or "random". None: given where the source has a split.
        size: height and width to which all are resized; None takes their own.
        in_colour: whether grey images get three channels, too.
        on_bad_file: whether an image that cannot be used is an error, or left out and counted.
        limit: use only this many images of train and valid, drawn at random.
        seed: of what is drawn.
        valid_share: share of the images for valid; of a given train where it has no valid.
        test_share: share of the images for test.

    Raises:
        UserError: an image cannot be used, there is one class only, or a part stays empty.

    Example:

    >>> from kit.data.images._open import open_images
    >>> data = split_images(open_images("fashion-mnist-part"))
    >>> len(data.train), len(data.valid), len(data.test), data.shape
    (5400, 600, 1000, (28, 28, 1))
    """
    looked = look(source, size, on_bad_file)
    if in_colour:
        looked = replace(looked, shape=(*looked.shape[:2], 3))
    names = [source.labels[n] for n in looked.kept]
    classes = tuple(sorted(set(names)))
    check_classes(classes, where=source.name, nouns="images")
    number = {name: place for place, name in enumerate(classes)}
    labels = np.array([number[name] for name in names], np.int32)
    rng = np.random.default_rng(seed)
    if method is None:
        method = "given" if source.parts is not None else "random"
    if method == "given":
        part, words = given(
            source.parts,
            looked.kept,
            labels,
            rng,
            where=source.name,
            valid_share=valid_share,
            seed=seed,
        )
    else:
        held = drawn(labels, (valid_share, test_share), rng)
        part = np.array([TRAIN, VALID, TEST])[held]
        train = 100 * (1 - valid_share - test_share)
        words = (
            f"random: {train:.0f}/{100 * valid_share:.0f}/{100 * test_share:.0f} % of the images "
            f"of each class, seed {seed}"
        )
    if limit is not None:
        part = limited(part, limit, rng)
        words += f"; {limit:,} images of train and valid at most, seed {seed}"
    check_parts(part, labels, classes, where=source.name, noun="image")
    words += repeats_in_words(
        ([looked.digests[n] for n in np.flatnonzero(part == one)] for one in PARTS), "images"
    )
    every = _images(source, looked, labels)
    of_part = {one: every.take(np.flatnonzero(part == one)) for one in PARTS}
    return ImageData(
        name=source.name,
        classes=classes,
        shape=looked.shape,
        split=words,
        split_method=method,
        is_resized=looked.is_resized,
        pictures_read=len(source.labels),
        cleaning=looked.cleaning,
        licence=source.licence,
        **of_part,
    )


def _images(source: ImageSource, looked: Looked, labels: NDArray[np.int32]) -> Images:
    names = [source.names[n] for n in looked.kept]
    if isinstance(source.contents, np.ndarray):
        pixels = source.contents
        if pixels.shape[-1] != looked.shape[-1]:
            pixels = np.repeat(pixels, 3, axis=-1)
        if pixels.shape[1:] != looked.shape:
            import tensorflow as tf

            smooth = tf.image.resize(pixels, looked.shape[:2], antialias=True)
            pixels = tf.cast(tf.clip_by_value(tf.round(smooth), 0, 255), tf.uint8).numpy()
        return Images(None, pixels, names, labels, looked.shape)
    contents = [source.contents[n] for n in looked.kept]
    files = Images(contents, None, names, labels, looked.shape)
    if len(files) * int(np.prod(looked.shape)) > MOST_IN_MEMORY:
        return files
    return replace(files, pixels=files.decoded(slice(None)))
