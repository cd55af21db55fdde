"""Boxes as YOLO has them: a text file for each image, sides in shares of it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kit.data._files import read_lines
from kit.data._parts import part_of
from kit.data.detection._boxes import RawBox, RawImage, Repairs
from kit.data.images import header_of, read_image
from kit.errors import UserError

IMAGES, LABELS = "images", "labels"
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
NAMES = ("classes.txt", "obj.names")


def yolo_folders(folder: Path) -> dict[str, tuple[Path, Path]]:
    """Part to its folders of images and labels; "" where there is no split, nothing if not YOLO.

    Both layouts are known: images/train beside labels/train, and train/images beside train/labels.

    Raises:
        UserError: two folders are one part.
    """
    found: dict[str, tuple[Path, Path]] = {}
    tops = [(one, folder / LABELS / one.name) for one in _folders(folder / IMAGES)]
    tops += [(one / IMAGES, one / LABELS) for one in _folders(folder)]
    for images, labels in tops:
        part = part_of(images.parent.name if images.name == IMAGES else images.name)
        if part is None or not images.is_dir() or not labels.is_dir():
            continue
        if part in found:
            raise UserError(
                f"Two folders are the {part} part: {found[part][0]}, {images}.",
                where=str(folder),
                expected="one folder for each part",
                remedy="Rename or join them.",
            )
        found[part] = images, labels
    if not found and (folder / IMAGES).is_dir() and (folder / LABELS).is_dir():
        found[""] = folder / IMAGES, folder / LABELS
    return found


def read_yolo(
    folders: tuple[Path, Path], classes: Mapping[int, str], repairs: Repairs, part: str = ""
) -> list[RawImage]:
    """Images and boxes of one part. An image without a text file holds no object.

    A line is a class and either the centre, width and height of a box or the corners of a polygon,
    whose bounds are taken; all in shares of the image as it is shown.

    Args:
        folders: of the images and of the text files.
        classes: number to name.
        repairs: notes text files without an image.
        part: of all images.

    Raises:
        UserError: a line is no box, or of a class that has no name.
    """
    images, labels = folders
    files = sorted(file for file in images.iterdir() if file.suffix.lower() in SUFFIXES)
    known = {file.stem for file in files}
    for file in sorted(labels.glob("*.txt")):
        if file.stem not in known and file.name not in NAMES:
            repairs.note("annotations without an image passed over", str(file))
    found = []
    for image in files:
        text = labels / f"{image.stem}.txt"
        boxes = []
        if text.is_file() and text.stat().st_size:
            header = header_of(read_image(image))
            # An image that cannot be read is refused or left out when all are looked at.
            size = header.upright if header else (1, 1)
            for number, line in enumerate(read_lines(text), 1):
                if line.strip():
                    boxes.append(_box(line, size, classes, f"{text}, line {number}"))
        found.append(RawImage(image.name, image, boxes, part, str(text)))
    return found


def yolo_classes(folder: Path) -> dict[int, str]:
    """Number to name of the classes, of data.yaml, classes.txt or obj.names.

    Raises:
        UserError: there is no such file, or it names no classes.
    """
    for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        names = _names(file)
        if names:
            return names
    for name in NAMES:
        for file in (folder / name, folder / LABELS / name):
            if file.is_file():
                return dict(enumerate(line.strip() for line in read_lines(file)))
    raise UserError(
        "The names of the classes are missing.",
        where=str(folder),
        expected="a file data.yaml with a list called names, or classes.txt with a name a line",
        remedy="Add it.",
    )


def _names(file: Path) -> dict[int, str]:
    import yaml

    try:
        content: Any = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        what = re.sub(r"\s+", " ", str(error))
        raise UserError(
            f"The file is not YAML: {what}.",
            where=str(file),
            expected="a description of a YOLO data set",
            remedy="Correct or remove it.",
        ) from None
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not all(isinstance(number, int) for number in names):
        return {}
    return {number: str(name) for number, name in names.items()}


def _box(line: str, size: tuple[int, int], classes: Mapping[int, str], where: str) -> RawBox:
    cells = line.split()
    try:
        number, values = int(cells[0]), [float(cell) for cell in cells[1:]]
    except ValueError:
        number, values = -1, []
    if len(values) != 4 and (len(values) < 6 or len(values) % 2):
        raise UserError(
            f"The line is no box: {line.strip()[:60]!r}.",
            where=where,
            expected="class, x and y of the centre, width and height, as shares from 0 to 1",
            remedy="Correct or remove the line.",
        )
    if number not in classes:
        raise UserError(
            f"Class {number} has no name.",
            where=where,
            expected=f"a number from {min(classes)} to {max(classes)}, as the names are given",
            remedy="Correct the line, or add the name to data.yaml.",
        )
    if len(values) == 4:
        x, y, width, height = values
        left, top, right, bottom = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    else:
        left, right = min(values[::2]), max(values[::2])
        top, bottom = min(values[1::2]), max(values[1::2])
    across, down = size
    return RawBox((left * across, top * down, right * across, bottom * down), classes[number])


def _folders(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []
