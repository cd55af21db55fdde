"""An image with boxes, and what was put right in them."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from kit.data._files import unreadable
from kit.data.images import MOST_PIXELS, Header, header_of, read_image
from kit.errors import UserError

FORMATS = ("JPEG", "PNG", "GIF", "BMP")
NAMED = 3


@dataclass(frozen=True)
class RawBox:
    """A box as a file has it: left, top, right and bottom in pixels, and what it holds."""

    sides: tuple[float, float, float, float]
    label: str


@dataclass(frozen=True)
class RawImage:
    """An image and its boxes before they are looked at.

    Args:
        name: what to call it.
        content: its encoded bytes, or the file that holds them.
        boxes: as the source has them.
        part: "train", "valid", "test", or "" where the source does not say.
        where: the file, and the line where there is one, that says the boxes.
        declared: width and height that the source says, which the boxes are measured in; or None.
    """

    name: str
    content: bytes | Path
    boxes: Sequence[RawBox]
    part: str = ""
    where: str = ""
    declared: tuple[float, float] | None = None


@dataclass(frozen=True)
class DetectionImage:
    """An image and its boxes.

    Args:
        name: what to call it.
        content: its encoded bytes, or the file that holds them.
        size: width and height in pixels.
        boxes: float32 [boxes, 4], left, top, right and bottom in pixels, within the image.
        labels: int32 [boxes], places in the list of classes.
        digest: of its content; "" where nobody looked.
    """

    name: str
    content: bytes | Path
    size: tuple[int, int]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int32]
    digest: bytes = b""

    def encoded(self) -> bytes:
        """Its bytes as the file has them."""
        return read_image(self.content)


@dataclass
class Repairs:
    """Counts of what was put right, with the first few places.

    Example:

    >>> repairs = Repairs()
    >>> repairs.note("boxes without an area dropped", "a.xml")
    >>> repairs.lines()
    ['1 boxes without an area dropped: a.xml']
    """

    found: dict[str, list[str]] = field(default_factory=dict)

    def note(self, what: str, where: str) -> None:
        """Count one more."""
        self.found.setdefault(what, []).append(where)

    def lines(self) -> list[str]:
        """A line for each kind: how many, what, and where the first ones are."""
        return [
            f"{len(places):,} {what}: {', '.join(list(dict.fromkeys(places))[:NAMED])}"
            + (" ..." if len(set(places)) > NAMED else "")
            for what, places in self.found.items()
        ]


@dataclass(frozen=True)
class Seen:
    """An image that can be read to its end.

    Args:
        size: width and height as it is shown.
        stored: width and height of the pixels in the file.
        orientation: of its EXIF, 1 to 8.
        digest: of its bytes.
    """

    size: tuple[int, int]
    stored: tuple[int, int]
    orientation: int
    digest: bytes


def size_of(name: str, content: bytes | Path) -> tuple[int, int]:
    """Width and height of an image, as it is shown; see `seen`."""
    return seen(name, content).size


def seen(name: str, content: bytes | Path) -> Seen:
    """Look into an image.

    Raises:
        UserError: it is missing, no image, cut off, or of a kind that TensorFlow cannot decode.
    """
    try:
        whole = read_image(content)
        header = header_of(whole)
        if header is not None and header.is_too_large:
            raise _no_image(
                name,
                content,
                f"The image has {header.width:,} x {header.height:,} pixels, more than "
                f"{MOST_PIXELS:,}.",
            )
        with Image.open(io.BytesIO(whole)) as image:
            kind, mode = image.format or "", image.mode
            image.load()
            stored = image.size
    except UnidentifiedImageError:
        raise _no_image(name, content, "It is not an image.") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, PermissionError | IsADirectoryError) and isinstance(content, Path):
            raise unreadable(content, error) from None
        raise _no_image(name, content, f"The image cannot be decoded: {error}.") from None
    if kind not in FORMATS or mode in ("CMYK", "YCCK"):
        raise _no_image(name, content, f"It is an image of a kind not known here: {kind} {mode}.")
    header = header or Header(*stored)
    digest = hashlib.blake2b(whole, digest_size=16).digest()
    return Seen(header.upright, stored, header.orientation, digest)


def _no_image(name: str, content: bytes | Path, what: str) -> UserError:
    return UserError(
        what,
        where=str(content) if isinstance(content, Path) else name,
        expected="a JPEG, PNG, GIF or BMP of grey or RGB, whole",
        remedy="Replace or remove it, or leave such files out: --on-bad-file skip",
    )
