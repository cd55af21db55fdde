"""Look into every image of a source: can it be decoded, and how large is it?"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kit.data._clean import CleaningStep
from kit.data.images._header import MOST_PIXELS, header_of, read_image
from kit.data.images._orientation import decode_upright
from kit.data.images._source import ImageSource
from kit.errors import UserError

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
