"""A folder that has a folder for every class."""

from pathlib import Path

from kit.data._parts import EXPECTED, TRAIN, empty_part, is_split, part_of
from kit.data.images._source import ImageSource
from kit.errors import UserError


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
