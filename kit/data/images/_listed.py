"""A table that lists pictures: where each is and of which class."""

from pathlib import Path

import polars as pl

from kit.data._columns import find_named, normalised
from kit.data._read import PARTS
from kit.data._table_rows import read_table
from kit.data.images._source import ImageSource
from kit.errors import UserError

# Most telling first, as `normalised` leaves them.
PATH = ("path", "imagepath", "filepath", "filename", "file", "image", "imagefile", "picture")
LABEL = ("label", "class", "classname", "category", "target", "labels")
PART = ("split", "part", "subset")


def open_listed(source: str, path_column: str | None, label_column: str | None) -> ImageSource:
    """Read a table of pictures; paths are relative to its folder.

    A column called split, part or subset that says train, valid or test of every row is a split;
    so are files train.csv and test.csv of one folder.

    Args:
        source: a file, or a folder of files train.*, test.* and maybe valid.*.
        path_column: None finds it by common names.
        label_column: None finds it by common names.

    Raises:
        UserError: a column is missing, or a path or label is empty.
    """
    table = read_table(source)
    columns = table.frame.columns
    paths = _column(path_column, PATH, columns, "path", source)
    labels = _column(label_column, LABEL, columns, "label", source)
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
        parts=_parts(table.frame, table.part),
        licence=table.licence,
    )


def _column(
    named: str | None, common: tuple[str, ...], columns: list[str], role: str, where: str
) -> str:
    if named is not None:
        return find_named(named, columns, option=f"--{role}-column", where=where)
    by_name = {normalised(column): column for column in reversed(columns)}
    for name in common:
        if name in by_name:
            return by_name[name]
    raise UserError(
        f"No column is recognised as the {role} of the pictures.",
        where=where,
        expected=f"a column called {' or '.join(common[:3])}; found: {', '.join(columns)}",
        remedy=f"Name it: --{role}-column NAME",
    )


def _parts(frame: pl.DataFrame, given: pl.Series | None) -> list[str] | None:
    if given is not None:
        return [str(part) for part in given]
    for column in frame.columns:
        if normalised(column) in PART and frame[column].dtype == pl.String:
            found = [PARTS.get((value or "").strip().lower()) for value in frame[column]]
            known = [part for part in found if part is not None]
            if len(known) == len(found) and {"train", "test"} <= set(known):
                return known
    return None
