"""Images of a part: read, checked, decoded."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kit.data._clean import CleaningStep
from kit.data.images._header import MOST_PIXELS, header_of, read_image
from kit.data.images._orientation import decode_upright
from kit.data.images._source import ImageSource
from kit.errors import UserError


def decoded(content: Any, height: int, width: int, channels: int) -> Any:
    """The pixels of an image, resized where its size is another.

    JPEG, turned as its EXIF says, PNG, BMP, or the first frame of a GIF. A larger image is
    smoothed before it is made smaller; its proportions become those of `height` and `width`.

    Args:
        content: string [].
        height: of the result.
        width: of the result.
        channels: 1 for grey, 3 for colour.

    Returns:
        uint8 [height, width, channels].

    Example:

    >>> import tensorflow as tf
    >>> png = tf.io.encode_png(tf.zeros([9, 7, 3], tf.uint8))
    >>> decoded(png, 4, 4, 1).shape
    TensorShape([4, 4, 1])
    """
    # Mistakes in the data need not wait for TensorFlow where nothing is decoded.
    import tensorflow as tf

    # As many channels as the file has: not every format can be asked for others.
    found = decode_upright(content)
    has_colours = tf.shape(found)[2] >= 3
    if channels == 3:
        grey = tf.repeat(found[..., :1], 3, axis=2)
        image = tf.cond(has_colours, lambda: found[..., :3], lambda: grey)
    else:
        grey = found[..., :1]
        image = tf.cond(
            has_colours, lambda: tf.image.rgb_to_grayscale(found[..., :3]), lambda: grey
        )
    size = [height, width]

    def resized() -> Any:
        smooth = tf.image.resize(image, size, antialias=True)
        return tf.cast(tf.clip_by_value(tf.round(smooth), 0, 255), tf.uint8)

    fits = tf.reduce_all(tf.equal(tf.shape(image)[:2], size))
    pixels = tf.cond(fits, lambda: image, resized)
    return tf.ensure_shape(pixels, [height, width, channels])


@dataclass(frozen=True)
class Images:
    """Images that were found good, and their classes.

    Args:
        contents: the file or the bytes of each; or None where there are pixels alone.
        pixels: uint8 [images, height, width, channels] where they are held in memory, else None.
        names: of each, for messages.
        labels: int32 [images], numbers of their classes.
        shape: height, width and channels in which they are used.
    """

    contents: Sequence[Path] | Sequence[bytes] | None
    pixels: NDArray[np.uint8] | None
    names: Sequence[str]
    labels: NDArray[np.int32]
    shape: tuple[int, int, int]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.integer]) -> "Images":
        """Some of them, in this order."""
        contents = None if self.contents is None else [self.contents[row] for row in rows]
        return Images(
            contents,
            None if self.pixels is None else self.pixels[rows],
            [self.names[row] for row in rows],
            self.labels[rows],
            self.shape,
        )

    def encoded(self, row: int) -> bytes:
        """One as a file: its own, else a PNG of its pixels."""
        if self.contents is not None:
            return read_image(self.contents[row])
        import tensorflow as tf

        assert self.pixels is not None
        return bytes(tf.io.encode_png(self.pixels[row]).numpy())

    def decoded(self, rows: NDArray[np.integer] | slice) -> NDArray[np.uint8]:
        """Pixels of some, uint8 [images, height, width, channels]."""
        if self.pixels is not None:
            return self.pixels[rows]
        assert self.contents is not None
        places = np.arange(len(self))[rows]
        contents = [self.contents[place] for place in places]
        found = np.empty((len(places), *self.shape), np.uint8)

        def fill(place: int) -> None:
            found[place] = decoded(read_image(contents[place]), *self.shape).numpy()

        with ThreadPoolExecutor(4) as several:
            list(several.map(fill, range(len(places))))
        return found

    def colours(self, most: int = 5000) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of each channel, of at most `most` images."""
        rows = np.random.default_rng(0).permutation(len(self))[:most]
        pixels = self.decoded(rows).astype(np.float64)
        return pixels.mean(axis=(0, 1, 2)), pixels.std(axis=(0, 1, 2)) + 1.0


OnBadFile = Literal["error", "skip"]
"""What to do with an image that cannot be read."""
SHOWN = 3
MISSING, EMPTY, UNREADABLE = "do not exist", "are empty", "cannot be read"
NOT_REGULAR = "are no regular files"
TOO_LARGE = f"have more than {MOST_PIXELS:,} pixels"
CORRUPT, OTHER_SIZE = "are no whole JPEG, PNG, GIF or BMP", "have another size"


@dataclass(frozen=True)
class Looked:
    """What was found.

    Args:
        kept: numbers of the images that can be used.
        shape: height, width and channels that all of them get.
        is_resized: whether one of them has another size.
        cleaning: what was skipped.
        digests: of the content of each image that is kept.
    """

    kept: NDArray[np.int64]
    shape: tuple[int, int, int]
    is_resized: bool
    cleaning: tuple[CleaningStep, ...]
    digests: tuple[bytes, ...]


def look(source: ImageSource, size: tuple[int, int] | None, on_bad_file: OnBadFile) -> Looked:
    """Decode every image once.

    Args:
        source: the images.
        size: height and width that all get; None is their own, which has to be the same for all.
        on_bad_file: whether an image that cannot be used is an error, or left out and counted;
            without `size` that is also one of another size than most.

    Raises:
        UserError: an image cannot be used, or none can.
    """
    if isinstance(source.contents, np.ndarray):
        height, width, channels = source.contents.shape[1:]
        every = np.arange(len(source.contents))
        fits = size in (None, (height, width))
        every_digest = tuple(_digest(pixels.tobytes()) for pixels in source.contents)
        return Looked(every, (*(size or (height, width)), channels), not fits, (), every_digest)
    # Threads that import it all at once may crash.
    import tensorflow  # noqa: F401

    with ThreadPoolExecutor(4) as several:
        found = list(several.map(_shape_or_reason, source.contents))
    shapes = {n: one[0] for n, one in enumerate(found) if isinstance(one, tuple)}
    digests = {n: one[1] for n, one in enumerate(found) if isinstance(one, tuple)}
    bad = {n: reason for n, reason in enumerate(found) if isinstance(reason, str)}
    if bad and on_bad_file == "error":
        raise _bad_files(source, bad)
    if not shapes:
        raise UserError(
            "No image is left.",
            where=source.name,
            expected="JPEG, PNG, GIF or BMP files",
            remedy="Look into one of the files, or leave out --on-bad-file skip to have it named.",
        )
    sizes = Counter(shape[:2] for shape in shapes.values())
    usual = min(sizes, key=lambda one: (-sizes[one], one))
    if size is None and len(sizes) > 1:
        others = {n: OTHER_SIZE for n, shape in shapes.items() if shape[:2] != usual}
        if on_bad_file == "error":
            raise _sizes_differ(source, shapes, usual, next(iter(others)))
        bad |= others
    kept = np.array([n for n in shapes if n not in bad])
    counts = Counter(bad.values())
    target = size or usual
    return Looked(
        kept=kept,
        shape=(*target, 3 if any(shapes[n][2] > 2 for n in kept) else 1),
        is_resized=any(shapes[n][:2] != target for n in kept),
        cleaning=tuple(CleaningStep(f"files that {why}", counts[why]) for why in sorted(counts)),
        digests=tuple(digests[n] for n in kept.tolist()),
    )


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


def _shape_or_reason(content: Path | bytes) -> tuple[tuple[int, int, int], bytes] | str:
    import tensorflow as tf

    try:
        whole = read_image(content)
    except UserError:
        assert isinstance(content, Path)
        return NOT_REGULAR if content.exists() else MISSING
    except OSError:
        return UNREADABLE
    if not whole:
        return EMPTY
    try:
        header = header_of(whole)
        if header is not None and header.is_too_large:
            return TOO_LARGE
        shape = decode_upright(whole).shape
    except tf.errors.OpError:
        return CORRUPT
    height, width, channels = (int(length) for length in shape)
    return ((height, width, channels), _digest(whole)) if height and width else CORRUPT


def _bad_files(source: ImageSource, bad: dict[int, str]) -> UserError:
    counts = Counter(bad.values())
    many = "; ".join(f"{count:,} {reason}" for reason, count in counts.items())
    return UserError(
        f"Of {len(source.contents):,} images some cannot be used: {many}.",
        where=_named([f"{source.names[n]}" for n in bad]),
        expected="JPEG, PNG, GIF or BMP files",
        remedy="Repair or remove them, or leave them out and have them counted: --on-bad-file skip",
    )


def _sizes_differ(
    source: ImageSource,
    shapes: dict[int, tuple[int, int, int]],
    usual: tuple[int, int],
    other: int,
) -> UserError:
    first = next(n for n, shape in shapes.items() if shape[:2] == usual)
    many = sum(shape[:2] != usual for shape in shapes.values())
    height, width = usual
    mine = "x".join(map(str, shapes[other][:2]))
    return UserError(
        f"The images differ in size: {many:,} of {len(shapes):,} are not {height}x{width}.",
        where=f"{source.names[other]} is {mine}, {source.names[first]} is {height}x{width}",
        expected="one height and width, or --size",
        remedy=f"Have all resized, --size {height}x{width}, or those of other sizes left out, "
        "--on-bad-file skip.",
    )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"
