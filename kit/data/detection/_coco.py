"""Boxes as COCO has them: one JSON file for all images."""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kit.data._files import read_bytes
from kit.data.detection._boxes import RawBox, RawImage, Repairs
from kit.errors import UserError

UNKNOWN = "category {}"
# What COCO puts before the part in the names of its files.
OWN = "instances_"


def read_coco(file: Path, repairs: Repairs, part: str = "") -> list[RawImage]:
    """Images and boxes of a JSON file; images lie where `file_name` says from its folder.

    They are also found in a folder "images" beside the file, and in one that is called as the part
    or, as `train2017` of COCO itself, as the file.
    Boxes of crowds (`iscrowd`) are dropped, as they frame no single object.

    Args:
        file: with images, annotations and categories.
        repairs: notes what is dropped.
        part: of all its images.

    Raises:
        UserError: not such a file; names the annotation.
    """
    content = _json(file)
    labels = {
        _value(one, "id", file, f"category {n}"): str(_value(one, "name", file, f"category {n}"))
        for n, one in enumerate(content["categories"])
    }
    for name in sorted({name for name in labels.values() if [*labels.values()].count(name) > 1}):
        repairs.note("categories of one name taken as one", f"{file}, {name}")
    boxes: dict[Any, list[RawBox]] = defaultdict(list)
    for number, one in enumerate(content["annotations"]):
        where = f"annotation {one.get('id', number) if isinstance(one, dict) else number}"
        image, category = (_value(one, key, file, where) for key in ("image_id", "category_id"))
        if one.get("iscrowd"):
            repairs.note("boxes of crowds dropped", f"{file}, {where}")
            continue
        sides = _value(one, "bbox", file, where)
        try:
            left, top, width, height = map(float, sides)
        except (TypeError, ValueError):
            raise _wrong(f"bbox is {sides!r}.", file, where, "[left, top, width, height]") from None
        label = labels.get(category, UNKNOWN.format(category))
        boxes[image].append(RawBox((left, top, left + width, top + height), label))
    found = []
    for number, one in enumerate(content["images"]):
        where = f"image {number}"
        identity, name = (_value(one, key, file, where) for key in ("id", "file_name"))
        mine = boxes.pop(identity, [])
        found.append(
            RawImage(
                str(name),
                _image(file, str(name), part),
                mine,
                part,
                f"{file}, {name}",
                _declared(one, file, where),
            )
        )
    for identity, lost in boxes.items():
        for _ in lost:
            repairs.note("boxes of an image that is not listed dropped", f"{file}, {identity}")
    return found


def categories_of(file: Path) -> list[str]:
    """Names of the classes a file declares, in its order, each once."""
    names = [str(_value(one, "name", file, "category")) for one in _json(file)["categories"]]
    return list(dict.fromkeys(names))


def _json(file: Path) -> Mapping[str, list[Any]]:
    try:
        content = json.loads(read_bytes(file))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        line = getattr(error, "lineno", 1)
        raise UserError(
            f"The file is not JSON: {error}.",
            where=f"{file}, line {line}",
            expected="an object with images, annotations and categories, as COCO has it",
            remedy="Correct it or name another.",
        ) from None
    for key in ("images", "annotations", "categories"):
        if not isinstance(content, dict) or not isinstance(content.get(key), list):
            raise _wrong(f"It has no list of {key}.", file, "", "a file as COCO has it")
    found: Mapping[str, list[Any]] = content
    return found


def _image(file: Path, name: str, part: str) -> Path:
    beside = [
        file.parent / name,
        file.parent / "images" / name,
        file.parent.parent / "images" / name,
    ]
    stem = file.stem.removeprefix(OWN)
    beside += [
        above / folder / name
        for folder in dict.fromkeys((stem, file.stem, stem.rstrip("0123456789"), part))
        for above in (file.parent, file.parent.parent, file.parent.parent / "images")
        if folder
    ]
    return next((one for one in beside if one.is_file()), beside[0])


def _declared(one: Any, file: Path, where: str) -> tuple[float, float] | None:
    sides = one.get("width"), one.get("height")
    if None in sides:
        return None
    try:
        width, height = map(float, sides)
    except (TypeError, ValueError):
        raise _wrong(f"Its size is {sides!r}.", file, where, "width and height in pixels") from None
    return width, height


def _value(one: Any, key: str, file: Path, where: str) -> Any:
    if not isinstance(one, dict) or key not in one:
        raise _wrong(f"There is no {key}.", file, where, f"an object with {key}")
    return one[key]


def _wrong(what: str, file: Path, where: str, expected: str) -> UserError:
    return UserError(
        what,
        where=f"{file}, {where}" if where else str(file),
        expected=expected,
        remedy="Correct it or name another file.",
    )
