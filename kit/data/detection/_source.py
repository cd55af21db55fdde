"""Open a source of images with boxes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from kit.data._files import missing
from kit.data._parts import empty_part, part_of
from kit.data._read import parts_of
from kit.data.builtin._open import BOXES
from kit.data.detection._boxes import (
    DetectionImage,
    OnBadFile,
    RawBox,
    RawImage,
    Repairs,
    looked_at,
)
from kit.data.detection._coco import OWN, categories_of, read_coco
from kit.data.detection._csv import read_csv
from kit.data.detection._voc import is_voc, read_voc
from kit.data.detection._yolo import read_yolo, yolo_classes, yolo_folders
from kit.errors import UserError

ROBOFLOW = "_annotations.coco.json"
TFDS, BUILT_IN = "tfds:", Path(__file__).parent.parent / "builtin"
EXPECTED = (
    "a Pascal VOC folder (Annotations and JPEGImages), a YOLO folder (images and labels), a COCO "
    ".json, a .csv or .tsv with path, xmin, ymin, xmax, ymax and label, a folder of such files for "
    "train, valid and test, tfds:NAME, or the built-in bccd"
)


@dataclass(frozen=True)
class DetectionSource:
    """Images with boxes, looked at.

    Args:
        name: as the user named it.
        images: part ("" where the source does not say) and image, in the order of the source.
        classes: names; a label is a place in them.
        repairs: a line for everything that was put right or left out.
        licence: attribution of a built-in data set, else "".
    """

    name: str
    images: list[tuple[str, DetectionImage]]
    classes: list[str]
    repairs: list[str]
    licence: str = ""


def open_detection(
    source: str, *, classes: Sequence[str] = (), on_bad_file: OnBadFile = "error"
) -> DetectionSource:
    """Open a source of images with boxes.

    Args:
        source: what `EXPECTED` says.
        classes: to learn; boxes of other labels are dropped. By default those that the source
            declares, else those of its train part, else all there are.
        on_bad_file: whether an image that cannot be decoded is an error or left out.

    Raises:
        UserError: the source cannot be used; it names file, line or object and the remedy.

    Example:

    >>> source = open_detection("bccd")
    >>> len(source.images), source.classes
    (60, ['Platelets', 'RBC', 'WBC'])
    """
    repairs = Repairs()
    raw, declared, licence = _read(source, repairs)
    if not raw:
        raise UserError("There are no images.", where=source, expected=EXPECTED)
    known = list(classes) or declared or _labels(raw)
    if not known:
        raise UserError("There is no box in any image.", where=source, expected="images with boxes")
    _note_alike(known, repairs)
    missing_labels = sorted(set(classes) - {box.label for one in raw for box in one.boxes})
    if missing_labels:
        raise UserError(
            f"No box is called {missing_labels[0]!r}.",
            where="--classes",
            expected=f"labels of the source: {', '.join(_labels(raw)[:10])}",
            remedy="Check the spelling.",
        )
    images = looked_at(raw, known, repairs, on_bad_file)
    if not any(len(image.boxes) for _, image in images):
        raise UserError(
            "No box is left.",
            where=source,
            expected="boxes within their images",
            remedy="; ".join(repairs.lines()),
        )
    return DetectionSource(source, images, known, repairs.lines(), licence)


def _read(source: str, repairs: Repairs) -> tuple[list[RawImage], list[str], str]:
    """Images, the classes that the source declares, and its licence."""
    if source in BOXES:
        return _read_built_in(BUILT_IN / source.replace("-", "_"))
    if source.startswith(TFDS):
        # Only here: the import takes seconds.
        from kit.data.detection._tfds import read_tfds

        return *read_tfds(source.removeprefix(TFDS)), ""
    path = Path(source)
    if not path.exists():
        error = missing(path)
        raise UserError(error.what, where=source, expected=EXPECTED, remedy=error.remedy)
    if path.is_dir():
        return _read_folder(path, repairs)
    if path.suffix == ".json":
        return read_coco(path, repairs), categories_of(path), ""
    if path.suffix in (".csv", ".tsv"):
        return read_csv(path), [], ""
    raise UserError(
        f"A {path.suffix or 'nameless'} file holds no boxes.",
        where=source,
        expected=EXPECTED,
        remedy="Name a source of this kind.",
    )


def _read_built_in(folder: Path) -> tuple[list[RawImage], list[str], str]:
    rows = pl.read_parquet(folder / f"{folder.name}.parquet")
    found = []
    for row in rows.iter_rows(named=True):
        boxes = [
            RawBox((*box,), label) for box, label in zip(row["boxes"], row["labels"], strict=True)
        ]
        found.append(RawImage(row["name"], row["image"], boxes, row["part"]))
    return found, [], (folder / "LICENCE.txt").read_text()


def _read_folder(folder: Path, repairs: Repairs) -> tuple[list[RawImage], list[str], str]:
    if is_voc(folder):
        return read_voc(folder, repairs), [], ""
    found: list[RawImage] = []
    classes: dict[str, None] = {}
    for file, part in _coco_files(folder).items():
        found += _not_empty(read_coco(file, repairs, part), part, file)
        classes |= dict.fromkeys(categories_of(file))
    if not found:
        for file, part in _csv_files(folder).items():
            images = [replace(one, part=part) for one in read_csv(file)]
            found += _not_empty(images, part, file)
    if not found and (folders := yolo_folders(folder)):
        names = yolo_classes(folder)
        classes = dict.fromkeys(names.values())
        for part, places in folders.items():
            found += _not_empty(read_yolo(places, names, repairs, part), part, places[0])
    if not found:
        raise UserError(
            "The folder holds no annotations.",
            where=str(folder),
            expected=EXPECTED,
            remedy="Name the file of the annotations itself.",
        )
    return found, list(classes), ""


def _not_empty(images: list[RawImage], part: str, where: Path) -> list[RawImage]:
    if part and not images:
        raise empty_part(part, str(where))
    return images


def _note_alike(classes: Sequence[str], repairs: Repairs) -> None:
    """Classes whose names differ in case, spaces or dashes alone are probably one."""
    first: dict[str, str] = {}
    for name in classes:
        plain = re.sub(r"[\W_]+", "", name).casefold() or name
        if first.setdefault(plain, name) != name:
            repairs.note(
                "classes whose names are nearly those of others", f"{first[plain]!r} and {name!r}"
            )


def _coco_files(folder: Path) -> dict[Path, str]:
    """Files of COCO's format to their parts.

    COCO itself has `annotations/instances_train2017.json`, Roboflow
    `train/_annotations.coco.json` beside the images, in a folder for each part.
    """
    files = sorted([*folder.glob("*.json"), *folder.glob("annotations/*.json")])
    # Beside them lie captions and key points of the same images.
    files = [file for file in files if file.stem.startswith(OWN)] or files
    parts = {}
    for file in files:
        words = re.split(r"[_\-. ]", file.stem.removeprefix(OWN).rstrip("0123456789"))
        found = {part for word in words if (part := part_of(word))}
        if len(found) == 1:
            parts[file] = found.pop()
    for inner in sorted(one for one in folder.iterdir() if one.is_dir()):
        file, part = inner / ROBOFLOW, part_of(inner.name)
        if part and file.is_file():
            parts[file] = part
    return parts


def _csv_files(folder: Path) -> dict[Path, str]:
    """Tables that are named as parts."""
    files = sorted(file for file in folder.iterdir() if file.suffix in (".csv", ".tsv"))
    return parts_of(files, folder)


def _labels(raw: Sequence[RawImage]) -> list[str]:
    """Labels of train where there is one, else of all."""
    train = [one for one in raw if one.part == "train"] or raw
    return sorted({box.label for one in train for box in one.boxes})


def is_detection_folder(folder: Path) -> bool:
    """Whether a folder holds annotations of boxes."""
    return is_voc(folder) or bool(_coco_files(folder))
