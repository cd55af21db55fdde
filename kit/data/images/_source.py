"""Sources of images: class folders, a table of files or a TFDS data set."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._columns import LABEL, named_column
from kit.data._parts import EXPECTED, TRAIN, empty_part, is_split, part_of
from kit.data._table_rows import read_table
from kit.errors import UserError


@dataclass(frozen=True)
class ImageSource:
    """What a source names.

    Args:
        name: as the user named it.
        contents: a file or its bytes for each image, JPEG, PNG, GIF or BMP; or the pixels of
            all, uint8 [images, height, width, channels].
        names: of each image, for messages.
        labels: name of its class.
        parts: "train", "valid" or "test" of each, where the source has a split; or None.
        licence: attribution, "" where the source has none.
    """

    name: str
    contents: Sequence[Path] | Sequence[bytes] | NDArray[np.uint8]
    names: Sequence[str]
    labels: Sequence[str]
    parts: Sequence[str] | None
    licence: str


# Most telling first, as `normalised` leaves them.
PATH = ("path", "imagepath", "filepath", "filename", "file", "image", "imagefile", "image")


def open_listed(source: str, path_column: str | None, label_column: str | None) -> ImageSource:
    """Read a table of images; paths are relative to its folder.

    A column called split, part, subset or set that says train, valid or test of every row is a
    split; so are files train.csv and test.csv of one folder.

    Args:
        source: a file, or a folder of files train.*, test.* and maybe valid.*.
        path_column: None finds it by common names.
        label_column: None finds it by common names.

    Raises:
        UserError: a column is missing, or a path or label is empty.
    """
    table = read_table(source)
    columns = table.frame.columns
    paths = named_column(path_column, PATH, columns, "path", "images", source)
    labels = named_column(label_column, LABEL, columns, "label", "images", source)
    values = table.frame.select(
        path=pl.col(paths).cast(pl.String).str.strip_chars(),
        label=pl.col(labels).cast(pl.String).str.strip_chars(),
    )
    for name, column in (("path", paths), ("label", labels)):
        missing = (values[name].is_null() | (values[name] == "")).to_numpy()
        if missing.any():
            raise UserError(
                f"The {name} is empty.",
                where=f"{table.locate(int(missing.argmax()))}, column {column}",
                expected=f"a {name} in every row",
            )
    folder = Path(source) if Path(source).is_dir() else Path(source).parent
    files = [folder / path for path in values["path"]]
    return ImageSource(
        name=source,
        contents=files,
        names=[f"{file} ({table.locate(row)})" for row, file in enumerate(files)],
        labels=values["label"].to_list(),
        parts=None if table.part is None else table.part.cast(pl.String).to_list(),
        licence=table.licence,
    )


def open_class_folders(folder: Path) -> ImageSource:
    """Every file below a class's folder is an image of that class; hidden files are none.

    Args:
        folder: with a folder for every class; or with folders train and test or valid, which have
            those.

    Raises:
        UserError: there is no such folder, no file in any, or folders of parts beside others.
    """
    tops = _tops(folder)
    files: list[Path] = []
    labels: list[str] = []
    parts: list[str] = []
    for part, top in tops.items():
        for of_class in _folders(top):
            found = sorted(f for f in of_class.rglob("*") if f.is_file() and not _hidden(f, top))
            files += found
            labels += [of_class.name] * len(found)
            parts += [part] * len(found)
    if is_split(tops) and (empty := [part for part in tops if part not in parts]):
        raise empty_part(empty[0], str(tops[empty[0]]))
    if not files:
        raise UserError(
            "The folder holds no folders with files.",
            where=str(folder),
            expected="a folder for every class, with its images in it: cats/1.jpg, dogs/2.jpg",
            remedy="Sort them into folders, or list them in a CSV file: path,label",
        )
    return ImageSource(
        name=str(folder),
        contents=files,
        names=[str(file) for file in files],
        labels=labels,
        parts=parts if is_split(tops) else None,
        licence="",
    )


def _tops(folder: Path) -> dict[str, Path]:
    """Part to the folder that holds its classes; "" where there is no split."""
    inner = _folders(folder)
    parts: dict[str, Path] = {}
    for one in inner:
        if (part := part_of(one.name)) is None:
            continue
        if part in parts:
            raise UserError(
                f"Two folders are the {part} part: {parts[part].name}, {one.name}.",
                where=str(folder),
                expected="one folder for each part",
                remedy="Rename or join them.",
            )
        parts[part] = one
    others = [one.name for one in inner if one not in parts.values()]
    if is_split(parts):
        if others:
            raise UserError(
                f"The folder holds parts of a split and others: {', '.join(others[:3])}.",
                where=str(folder),
                expected=f"folders {EXPECTED} alone, or folders of classes alone",
                remedy="Move the others away, or give them names of parts.",
            )
        return parts
    if parts and not others:
        # One part alone is the whole source, to be split.
        if set(parts) == {TRAIN} and _folders(parts[TRAIN]):
            return {"": parts[TRAIN]}
        if TRAIN not in parts and any(map(_folders, parts.values())):
            raise UserError(
                f"The folder holds no train part: {', '.join(f.name for f in parts.values())}.",
                where=str(folder),
                expected="a folder train beside them",
                remedy="Add it, or name the one folder whose images are to be split.",
            )
    return {"": folder}


def _folders(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))


def _hidden(file: Path, top: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(top).parts)


def open_tfds(name: str) -> ImageSource:
    """Prepare a data set with one image and one class an example, and read it encoded.

    Args:
        name: NAME, NAME/CONFIG or NAME/CONFIG:VERSION.

    Raises:
        UserError: unknown name, no download, or no image or class in it.
    """
    # An extra, which other sources do without.
    import tensorflow_datasets as tfds

    from kit.data._tfds import prepared

    where = f"tfds:{name}"
    builder = prepared(name, where=where)
    image = _feature(builder, tfds.features.Image, "image", where)
    label = _feature(builder, tfds.features.ClassLabel, "class", where)
    classes = builder.info.features[label].names
    splits = {split: part_of(split) for split in builder.info.splits}
    given = is_split(splits.values())
    contents: list[bytes] = []
    names: list[str] = []
    labels: list[str] = []
    parts: list[str] = []
    for split, part in splits.items():
        if given and part is None:
            continue
        rows = builder.as_dataset(split, decoders={image: tfds.decode.SkipDecoding()})
        for number, row in enumerate(tfds.as_numpy(rows)):
            contents.append(row[image])
            labels.append(classes[row[label]])
            names.append(f"{where}, {split} {number}")
            parts.append(str(part))
    return ImageSource(where, contents, names, labels, parts if given else None, licence="")


def _feature(builder: Any, kind: type, what: str, where: str) -> str:
    features = builder.info.features
    for name in features:
        if isinstance(features[name], kind):
            return str(name)
    raise UserError(
        f"The data set has no {what}.",
        where=where,
        expected="a feature of type Image and one of type ClassLabel; "
        f"found: {', '.join(features)}",
        remedy="Choose a data set of image classification.",
    )
