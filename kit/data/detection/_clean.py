"""What is done with boxes that cannot be as they are."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from kit.data.detection._image import DetectionImage, RawBox, RawImage, Repairs, Seen, seen
from kit.errors import UserError

OnBadFile = Literal["error", "skip"]
"""What to do with an image or a box that cannot be used."""
Sides = tuple[float, float, float, float]
# Two heights of one proportion differ by rounding to whole pixels.
ALIKE = 1.0
NAMED = 3
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
