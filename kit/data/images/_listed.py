"""A table that lists images: where each is and of which class."""

from pathlib import Path

import polars as pl

from kit.data._named_columns import LABEL, named_column
from kit.data._table_rows import read_table
from kit.data.images._source import ImageSource
from kit.errors import UserError

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
