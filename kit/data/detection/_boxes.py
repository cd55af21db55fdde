"""Images with boxes as sources give them, checked and repaired."""

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

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


OnBadFile = Literal["error", "skip"]
"""What to do with an image or a box that cannot be used."""
Sides = tuple[float, float, float, float]
# Two heights of one proportion differ by rounding to whole pixels.
ALIKE = 1.0
WRONG_SIZE = "images whose declared size is another left out"


def looked_at(
    images: Iterable[RawImage],
    classes: Sequence[str],
    repairs: Repairs,
    on_bad_file: OnBadFile = "error",
) -> list[tuple[str, DetectionImage]]:
    """Images that can be decoded, with boxes that lie within them and have a known label.

    A box that reaches beyond the image is cut off at its edge. Dropped are boxes of which nothing
    is left then, that have no area or their sides the wrong way round, of unknown label, and those
    that stand twice. Boxes in shares of the image become pixels, and those drawn on the stored
    pixels of a photo, or on a copy of another size, those of the photo as it is shown. An image
    without a box stays, as what holds nothing is to be learned too. Images listed twice are
    joined.

    Args:
        images: as the source has them.
        classes: the labels that are known.
        repairs: counts and names what was done.
        on_bad_file: what to do with an image that cannot be decoded, or is of another size than
            its annotation declares.

    Returns:
        Part and image.

    Raises:
        UserError: an image cannot be decoded or has another size than declared and `on_bad_file`
            is "error", or a number is not finite.
    """
    raws = _joined(images, repairs)
    of_shares = _are_shares(raws)
    found: list[tuple[str, DetectionImage]] = []
    wrong: list[str] = []
    places = {label: number for number, label in enumerate(classes)}
    for raw in raws:
        try:
            look = seen(raw.name, raw.content)
        except UserError as error:
            if on_bad_file == "error":
                raise
            repairs.note("images that cannot be decoded left out", error.where)
            continue
        if of_shares and raw.boxes:
            repairs.note("images with boxes in shares of a side, turned into pixels", raw.name)
            raw = _times(raw, *look.size)
        fitted = _fitted(raw, look, repairs)
        if fitted is None:
            wrong.append(f"{raw.where or raw.name} ({_by(raw.declared)}, not {_by(look.size)})")
            continue
        boxes = [_looked_at(box, fitted, look.size, places, repairs) for box in fitted.boxes]
        kept = _once([box for box in boxes if box is not None], fitted, repairs)
        if not kept:
            repairs.note("images without a box kept as such", raw.name)
        sides = np.array([box.sides for box in kept], np.float32).reshape(-1, 4)
        labels = np.array([places[box.label] for box in kept], np.int32)
        image = DetectionImage(raw.name, raw.content, look.size, sides, labels, look.digest)
        found.append((raw.part, image))
    if wrong and on_bad_file == "error":
        raise UserError(
            f"Of {len(raws):,} images {len(wrong):,} have another size than is declared.",
            where=", ".join(wrong[:NAMED]) + (" ..." if len(wrong) > NAMED else ""),
            expected="the width and height of the file, or of a copy of the same proportions",
            remedy="Correct the annotations, or leave such images out: --on-bad-file skip",
        )
    for one in wrong:
        repairs.note(WRONG_SIZE, one)
    return found


def _joined(images: Iterable[RawImage], repairs: Repairs) -> list[RawImage]:
    """One entry for each file of a part, with the boxes of all."""
    joined: dict[tuple[str, object], RawImage] = {}
    for number, raw in enumerate(images):
        key = (raw.part, number if isinstance(raw.content, bytes) else raw.content)
        if key in joined:
            repairs.note("images listed twice joined", raw.where or raw.name)
            first = joined[key]
            joined[key] = replace(first, boxes=[*first.boxes, *raw.boxes])
        else:
            joined[key] = raw
    return list(joined.values())


def _are_shares(raws: Sequence[RawImage]) -> bool:
    """Whether all boxes are in shares of a side: no box of a pixel is as small."""
    sides = [box.sides for raw in raws for box in raw.boxes]
    return bool(sides) and bool((np.abs(sides) <= 1).all())


def _times(raw: RawImage, width: float, height: float) -> RawImage:
    def scaled(sides: Sides) -> Sides:
        left, top, right, bottom = sides
        return left * width, top * height, right * width, bottom * height

    boxes = [RawBox(scaled(box.sides), box.label) for box in raw.boxes]
    return replace(raw, boxes=boxes)


def _fitted(raw: RawImage, look: Seen, repairs: Repairs) -> RawImage | None:
    """The image with boxes in pixels of the file as it is shown; None where they cannot be."""
    if raw.declared is None or [*raw.declared] == [*look.size] or min(raw.declared) <= 0:
        return raw
    width, height = raw.declared
    if look.size != look.stored and [width, height] == [*look.stored]:
        repairs.note("images turned by EXIF, their boxes with them", raw.name)
        boxes = [RawBox(_turned(box.sides, look), box.label) for box in raw.boxes]
        return replace(raw, boxes=boxes)
    across, down = look.size[0] / width, look.size[1] / height
    larger = max(across, down)
    if min(abs(across - down) * width, abs(across - down) * height) <= ALIKE * max(1.0, larger):
        repairs.note("images of another size than declared, their boxes scaled", raw.name)
        return _times(raw, across, down)
    return None


def _turned(sides: Sides, look: Seen) -> Sides:
    """A box of the stored pixels on the image as it is shown; see EXIF's orientation."""
    left, top, right, bottom = sides
    width, height = look.size
    if look.orientation >= 5:
        left, top, right, bottom = top, left, bottom, right
    if look.orientation in (2, 3, 6, 7):
        left, right = width - right, width - left
    if look.orientation in (3, 4, 7, 8):
        top, bottom = height - bottom, height - top
    return left, top, right, bottom


def _once(boxes: Sequence[RawBox], raw: RawImage, repairs: Repairs) -> list[RawBox]:
    """Boxes without those that stand twice, to a hundredth of a pixel."""
    kept: dict[tuple[object, ...], RawBox] = {}
    for box in boxes:
        key = (box.label, *(round(side, 2) for side in box.sides))
        if key in kept:
            repairs.note("boxes that stand twice dropped", raw.where or raw.name)
        kept.setdefault(key, box)
    return list(kept.values())


def _by(size: tuple[float, float] | None) -> str:
    return "x".join(f"{side:g}" for side in size or ())


def _looked_at(
    box: RawBox, raw: RawImage, size: tuple[int, int], places: dict[str, int], repairs: Repairs
) -> RawBox | None:
    where = raw.where or raw.name
    if not np.isfinite(box.sides).all():
        raise UserError(
            f"A side of a box is no number: {box.sides}.",
            where=where,
            expected="left, top, right and bottom in pixels",
            remedy="Correct or remove the box.",
        )
    left, top, right, bottom = box.sides
    if box.label not in places:
        repairs.note(f"boxes of unknown label {box.label!r} dropped", where)
    elif right <= left or bottom <= top:
        repairs.note("boxes without an area dropped", where)
    else:
        width, height = size
        inside = (max(left, 0.0), max(top, 0.0), min(right, width), min(bottom, height))
        if inside[2] <= inside[0] or inside[3] <= inside[1]:
            repairs.note("boxes wholly outside their image dropped", where)
            return None
        if inside != box.sides:
            repairs.note("boxes cut off at the edge of their image", where)
        return RawBox(inside, box.label)
    return None


STEP, SHARE, LARGEST = 32, 0.8, 416


def canvas_shape(images: Sequence[DetectionImage], size: int | None = None) -> tuple[int, int]:
    """Height and width, multiples of 32, the longer one `size`, rounded.

    The shorter one is so long that four images in five fit without being made smaller than the
    longer side asks for; a square would be computed in vain where all are wide.

    Args:
        images: of train.
        size: the longer side in pixels; None: that of the median image, at most 416.

    Example:

    >>> wide = DetectionImage("a", b"", (640, 480), np.zeros((0, 4), "f"), np.zeros(0, "i"))
    >>> canvas_shape([wide], 320)
    (256, 320)
    """
    ratios = np.array([one.size[1] / one.size[0] for one in images])
    if size is None:
        size = min(LARGEST, int(np.median([max(one.size) for one in images])))
    longer = max(STEP, round(size / STEP) * STEP)
    wide = bool(np.median(ratios) <= 1)
    shares = ratios if wide else 1 / ratios
    share = min(1.0, float(np.quantile(shares, SHARE)))
    shorter = max(STEP, int(np.ceil(longer * share / STEP - 1e-6)) * STEP)
    return (shorter, longer) if wide else (longer, shorter)
