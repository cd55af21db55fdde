"""What is done with boxes that cannot be as they are."""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from kit.data.detection._picture import Picture, RawBox, RawPicture, Repairs, size_of
from kit.errors import UserError

OnBadFile = Literal["error", "skip"]


def looked_at(
    pictures: Iterable[RawPicture],
    classes: Sequence[str],
    repairs: Repairs,
    on_bad_file: OnBadFile = "error",
) -> list[tuple[str, Picture]]:
    """Pictures that can be decoded, with boxes that lie within them and have a known label.

    A box that reaches beyond the picture is cut off at its edge. Dropped are boxes of which nothing
    is left then, that have no area or their sides the wrong way round, and of unknown label. A
    picture without a box stays, as what holds nothing is to be learned too.

    Args:
        pictures: as the source has them.
        classes: the labels that are known.
        repairs: counts and names what was done.
        on_bad_file: what to do with a picture that cannot be decoded.

    Returns:
        Part and picture.

    Raises:
        UserError: a picture cannot be decoded and `on_bad_file` is "error", or a number is not
            finite.
    """
    found = []
    places = {label: number for number, label in enumerate(classes)}
    for raw in pictures:
        try:
            size = size_of(raw.name, raw.content)
        except UserError as error:
            if on_bad_file == "error":
                raise
            repairs.note("pictures that cannot be decoded left out", error.where)
            continue
        boxes = [_looked_at(box, raw, size, places, repairs) for box in raw.boxes]
        kept = [box for box in boxes if box is not None]
        if not kept:
            repairs.note("pictures without a box kept as such", raw.name)
        sides = np.array([box.sides for box in kept], np.float32).reshape(-1, 4)
        labels = np.array([places[box.label] for box in kept], np.int32)
        found.append((raw.part, Picture(raw.name, raw.content, size, sides, labels)))
    return found


def _looked_at(
    box: RawBox, raw: RawPicture, size: tuple[int, int], places: dict[str, int], repairs: Repairs
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
            repairs.note("boxes wholly outside their picture dropped", where)
            return None
        if inside != box.sides:
            repairs.note("boxes cut off at the edge of their picture", where)
        return RawBox(inside, box.label)
    return None
