"""A folder that has a folder for every class."""

from pathlib import Path

from kit.data._read import PARTS
from kit.data.images._source import ImageSource
from kit.errors import UserError


def open_class_folders(folder: Path) -> ImageSource:
    """Every file below a class's folder is a picture of that class; hidden files are none.

    Args:
        folder: with a folder for every class; or with folders train, test and maybe valid, which
            have those.

    Raises:
        UserError: there is no such folder, or no file in any.
    """
    inner = _folders(folder)
    given = {PARTS[f.name.lower()]: f for f in inner if f.name.lower() in PARTS}
    is_split = {"train", "test"} <= set(given)
    tops = given if is_split else {"": folder}
    files: list[Path] = []
    labels: list[str] = []
    parts: list[str] = []
    for part, top in tops.items():
        for of_class in _folders(top):
            found = sorted(f for f in of_class.rglob("*") if f.is_file() and not _hidden(f, top))
            files += found
            labels += [of_class.name] * len(found)
            parts += [part] * len(found)
    if not files:
        raise UserError(
            "The folder holds no folders with files.",
            where=str(folder),
            expected="a folder for every class, with its pictures in it: cats/1.jpg, dogs/2.jpg",
            remedy="Sort them into folders, or list them in a CSV file: path,label",
        )
    return ImageSource(
        name=str(folder),
        contents=files,
        names=[str(file) for file in files],
        labels=labels,
        parts=parts if is_split else None,
        licence="",
    )


def _folders(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))


def _hidden(file: Path, top: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(top).parts)
