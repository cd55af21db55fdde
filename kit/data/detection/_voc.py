"""Boxes as Pascal VOC has them: an XML file for each image."""

from pathlib import Path
from xml.etree import ElementTree

from kit.data._parts import empty_part, part_of
from kit.data.detection._boxes import RawBox, RawImage, Repairs
from kit.errors import UserError

ANNOTATIONS = ("Annotations", "annotations")
PICTURES = ("JPEGImages", "images")
LISTS = ("ImageSets/Main", "splits")
SUFFIXES = (".jpg", ".jpeg", ".png", ".JPG", ".bmp")


def is_voc(folder: Path) -> bool:
    """Whether the folder holds a folder of annotations in XML."""
    return any(
        (folder / name).is_dir() and any((folder / name).glob("*.xml")) for name in ANNOTATIONS
    )


def read_voc(folder: Path, repairs: Repairs) -> list[RawImage]:
    """Images and boxes of a folder.

    It holds Annotations (or annotations) and JPEGImages (or images). Where ImageSets/Main (or
    splits) has train.txt, val.txt or test.txt, these are parts, and what none of them names is left
    out. The first pixel is number 1, as the format has it. Boxes marked difficult count as others.

    Args:
        folder: the folder.
        repairs: notes what the lists name and is not there.

    Raises:
        UserError: a file that cannot be read as such, named with the object in it.
    """
    annotations = _first(folder, ANNOTATIONS)
    images = _first(folder, PICTURES)
    part_of = _parts(folder)
    found = []
    for file in sorted(annotations.glob("*.xml")):
        if part_of and file.stem not in part_of:
            repairs.note("images that no list of the split names left out", file.stem)
            continue
        boxes, name, declared = _read(file)
        found.append(
            RawImage(
                file.stem,
                _image(images, file.stem, name),
                boxes,
                part_of.get(file.stem, ""),
                str(file),
                declared,
            )
        )
    there = {one.name for one in found}
    for name in sorted(set(part_of) - there):
        repairs.note("names in a list of the split without annotations passed over", name)
    return found


def _first(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (folder / name).is_dir():
            return folder / name
    raise UserError(
        f"The folder has no {names[0]}.",
        where=str(folder),
        expected=f"{ANNOTATIONS[0]} with an XML file for each image and {PICTURES[0]}",
        remedy="Name the folder that holds both.",
    )


def _parts(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for lists in LISTS:
        for file in sorted((folder / lists).glob("*.txt")):
            part = part_of(file.stem)
            if part is None:
                continue
            lines = file.read_text().split("\n")
            if not any(map(str.strip, lines)):
                raise empty_part(part, str(file))
            for line in lines:
                # VOC's lists of one class have a second word.
                stem = line.split()[0] if line.split() else ""
                if stem and found.setdefault(stem, part) != part:
                    raise UserError(
                        f"{stem} is in {part} and in {found[stem]}.",
                        where=str(file),
                        expected="each image in one part",
                        remedy="Take it out of one of the lists.",
                    )
    return found


def _image(folder: Path, stem: str, named: str) -> Path:
    candidates = [folder / named] if named else []
    candidates += [folder / f"{stem}{suffix}" for suffix in SUFFIXES]
    return next((file for file in candidates if file.is_file()), candidates[0])


def _read(file: Path) -> tuple[list[RawBox], str, tuple[float, float] | None]:
    try:
        root = ElementTree.parse(file).getroot()
    except ElementTree.ParseError as error:
        line, column = error.position
        raise UserError(
            f"The file is not XML: {error}.",
            where=f"{file}, line {line}, column {column + 1}",
            expected="an annotation as Pascal VOC has it",
            remedy="Correct or remove the file.",
        ) from None
    boxes = []
    for number, one in enumerate(root.iter("object"), 1):
        where = f"{file}, object {number}"
        label = (one.findtext("name") or "").strip()
        if not label:
            raise UserError(
                "An object has no name.",
                where=where,
                expected="<name>its class</name>",
                remedy="Name or remove it.",
            )
        left, top, right, bottom = (
            _side(one.findtext(f"bndbox/{side}"), side, f"{where} ({label})")
            for side in ("xmin", "ymin", "xmax", "ymax")
        )
        # Pixels are counted from 1; a writer that counts from 0 may say 0.
        boxes.append(RawBox((left - (left >= 1), top - (top >= 1), right, bottom), label))
    sides = [(root.findtext(f"size/{side}") or "").strip() for side in ("width", "height")]
    # Some writers leave the size empty, or 0.
    declared = None
    if all(sides):
        width, height = (_side(text, "size", str(file)) for text in sides)
        declared = width, height
    return boxes, (root.findtext("filename") or "").strip(), declared


def _side(text: str | None, side: str, where: str) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise UserError(
            f"{side} of a box is {text!r}." if text else f"A box has no {side}.",
            where=where,
            expected="a number of pixels",
            remedy="Correct or remove the box.",
        ) from None
