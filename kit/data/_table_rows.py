"""Files of rows with any columns, as one frame."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from kit.data._columns import plain_name
from kit.data._dialect import DETECTED, TableFormat
from kit.data._frames import FrameTable
from kit.data._parts import PART, parts_in, split_column
from kit.data._read import files_of, parts_of
from kit.data._table_formats import Table, open_table
from kit.data.builtin._open import BUILT_IN, CAMPAIGNS, SERIES, TABLES
from kit.errors import UserError


@dataclass(frozen=True)
class TableRows:
    """A table as read.

    Args:
        name: of the source, as the user named it.
        frame: every column.
        part: PART of each row of a given split, or None.
        files: of each file its first row in the frame, its path, and the number a person gives to
            its first row.
        licence: attribution of a built-in data set, else "".
        split: the column that holds the parts, where it is one.
    """

    name: str
    frame: pl.DataFrame
    part: pl.Series | None
    files: tuple[tuple[int, str, int], ...]
    licence: str = ""
    split: str | None = None

    def locate(self, row: int) -> str:
        """The place of a row, as a person counts."""
        start, path, first = max(file for file in self.files if file[0] <= row)
        return f"{path}, row {row - start + first}"


def read_table(source: str | FrameTable, format: TableFormat = DETECTED) -> TableRows:
    """Read a built-in data set, a file, or a folder of files (train.*, valid.*, test.* are parts).

    So is a column called split, part, subset or set that says train, valid or test of every row.

    Raises:
        UserError: the source cannot be read, or its files have different columns.
    """
    if isinstance(source, FrameTable):
        return _read_files([source], {}, str(source), format)
    if source.startswith("tfds:"):
        # TensorFlow takes seconds to import, and no other source needs it.
        from kit.data._tfds import read_tfds_table

        frame, part = read_tfds_table(source.removeprefix("tfds:"))
        return TableRows(source, frame, part, ((0, source, 1),))
    if source in (tables := TABLES | SERIES | CAMPAIGNS):
        table = tables[source]()
        return TableRows(source, table.frame, table.part, ((0, source, 1),), table.licence)
    if source in BUILT_IN:
        log = BUILT_IN[source]()
        # How much of it was taken is not known before it is taken, so the weight is no feature.
        frame = log.frame.drop("weight").cast({"user_id": pl.String, "item_id": pl.String})
        frame = frame.join(log.items, on="item_id", how="left", maintain_order="left")
        return TableRows(source, frame, None, ((0, source, 1),), log.licence)
    path = Path(source)
    if not source or (not path.suffix and path.name == source and not path.exists()):
        raise _unknown_name(source)
    files = files_of(path)
    return _read_files(files, parts_of(files, path) if path.is_dir() else {}, source, format)


def _read_files(
    files: Sequence[Path | FrameTable],
    parts: Mapping[Path, str],
    source: str,
    format: TableFormat,
) -> TableRows:
    frames: list[pl.DataFrame] = []
    labels: list[pl.Series] = []
    places = []
    first: Table | None = None
    for file in parts or files:
        opened = open_table(file, format)
        first = first or opened
        if set(opened.columns) != set(first.columns):
            raise _differs(opened, first)
        frame = opened.read(first.columns)
        places.append((sum(map(len, frames)), str(file), opened.first_row))
        frames.append(frame.rename({name: plain_name(name) for name in frame.columns}))
        if parts:
            labels.append(
                pl.Series("part", [parts[Path(str(file))]], PART).new_from_index(0, len(frame))
            )
    try:
        whole = pl.concat(frames, how="vertical_relaxed")
    except pl.exceptions.PolarsError as error:
        raise UserError(
            f"The files hold columns of different types: {str(error).splitlines()[0]}",
            where=source,
            remedy="Write the columns of all files in the same type.",
        ) from None
    rows = TableRows(source, whole, pl.concat(labels) if labels else None, tuple(places))
    split = None if labels else split_column(whole.columns)
    if split is None or (part := parts_in(whole[split], rows.locate)) is None:
        return rows
    return replace(rows, part=part, split=split)


def _differs(opened: Table, first: Table) -> UserError:
    apart = sorted(set(opened.columns) ^ set(first.columns))
    return UserError(
        f"The files of the source have different columns: {', '.join(apart[:5])}.",
        where=str(opened.path),
        expected=f"the columns of {first.path.name}: {', '.join(first.columns)}",
        remedy="Name one of the files as the source, or give all files the same columns.",
    )


def _unknown_name(source: str) -> UserError:
    built_in = (*TABLES, *SERIES, *CAMPAIGNS, *BUILT_IN)
    near = difflib.get_close_matches(source, built_in, n=1, cutoff=0.5)
    return UserError(
        f"There is no file, folder or built-in data set '{source}'.",
        where="--data",
        expected=f"a path, tfds:NAME, or a built-in name: {', '.join(built_in)}",
        remedy=f"Did you mean {near[0]}?" if near else "Check the name.",
    )
