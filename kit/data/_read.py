"""Read interactions, and lists of user ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from kit.data._columns import ROLES, Columns, find_columns, plain_name
from kit.data._dialect import DETECTED, TableFormat
from kit.data._files import missing, unreadable
from kit.data._frames import FrameTable
from kit.data._ids import Ids, check_same_form, encoded, to_ids
from kit.data._numbers import to_weights
from kit.data._parts import PART, PARTS, TRAIN, VALID, part_of, parts_in, split_column
from kit.data._table_formats import (
    INTERACTION_SUFFIXES,
    HasColumns,
    Table,
    is_table,
    open_table,
    stem_of,
)
from kit.data._times import to_microseconds
from kit.errors import UserError

_SPLIT = "kit split: "  # no name a column would have


@dataclass(frozen=True)
class Rows:
    """Interactions as read, before cleaning.

    Args:
        frame: user_id, item_id: Categorical; maybe time: Int64, microseconds since the epoch;
            maybe weight: Float64; maybe part: PART.
        names: role -> name of its column in the source.
        markers: role -> what the source wrote for "no value", each as often as it does.
        notes: lines on how cells were read.
    """

    frame: pl.DataFrame
    names: dict[str, str]
    markers: dict[str, dict[str, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_interactions(
    path: Path | FrameTable, columns: Columns, format: TableFormat = DETECTED
) -> Rows:
    """Read a file, or all files of a folder; files named train, valid, test become parts.

    So do the values of a column called split, part, subset or set, where they name parts.

    Args:
        path: the file or folder, or a table in memory.
        columns: names of columns.
        format: how text tables are written, where their content does not show it.

    Raises:
        UserError: see `kit.data.open_source`.
    """
    files: Sequence[Path | FrameTable]
    files, parts = sources_of(path)
    frames: list[pl.DataFrame] = []
    places: list[tuple[str, int]] = []
    first: tuple[Table, dict[str, str], dict[str, Ids]] | None = None
    markers: dict[str, dict[str, int]] = {}
    notes: list[str] = []
    for file in parts or files:
        table = open_table(file, format)
        names = find_columns(table.columns, columns, where=str(file))
        if first is not None and set(names) != set(first[1]):
            raise differs(table, names, first[0], first[1])
        ids, frame = _rows_of(table, names, columns, notes, looks_for_parts=not parts)
        for role, of_role in ids.items():
            counts = markers.setdefault(role, {})
            for marker, count in of_role.markers.items():
                counts[marker] = counts.get(marker, 0) + count
        if first is None:
            first = (table, names, ids)
        for role, of_first in first[2].items():
            check_same_form(of_first, ids[role])
        if parts:
            frame = frame.with_columns(part=pl.lit(parts[Path(str(file))], PART))
        frames.append(frame)
        places.append((str(file), table.first_row))
    assert first is not None
    plain = {role: plain_name(name) for role, name in first[1].items()}
    return Rows(_with_parts(frames, places), plain, markers, notes)


def _with_parts(frames: list[pl.DataFrame], places: list[tuple[str, int]]) -> pl.DataFrame:
    """The rows of all files; a column that tells the part of each becomes `part`."""
    named = [name for frame in frames for name in frame.columns if name.startswith(_SPLIT)]
    if not named:
        return frames[0] if len(frames) == 1 else pl.concat(frames)
    ends = np.cumsum([len(frame) for frame in frames])

    def locate(row: int) -> str:
        file = int(np.searchsorted(ends, row, side="right"))
        start = ends[file] - len(frames[file])
        return f"{places[file][0]}, row {row - start + places[file][1]}"

    whole = pl.concat(
        [frame.rename({n: _SPLIT for n in named if n in frame}) for frame in frames], how="diagonal"
    )
    parts = parts_in(whole[_SPLIT].rename(named[0].removeprefix(_SPLIT)), locate)
    whole = whole.drop(_SPLIT)
    return whole if parts is None else whole.with_columns(parts.alias("part"))


def sources_of(path: Path | FrameTable) -> tuple[list[Path] | list[FrameTable], dict[Path, str]]:
    """The files of a source, or the table itself, and which file is which part."""
    if isinstance(path, FrameTable):
        return [path], {}
    files = files_of(path)
    return files, parts_of(files, path) if path.is_dir() else {}


def files_of(path: Path) -> list[Path]:
    """The files a source consists of, sorted by name."""
    try:
        if not path.exists():
            raise missing(path)
        if not path.is_dir():
            return [path]
        files = sorted(file for file in path.iterdir() if is_table(file) and not file.is_dir())
    except OSError as error:
        raise unreadable(path, error) from None
    if not files:
        raise UserError(
            "The folder holds no file of interactions.",
            where=str(path),
            expected="files that end in " + ", ".join(INTERACTION_SUFFIXES),
            remedy="Name the folder of the files, or one file.",
        )
    return files


def parts_of(files: Sequence[Path], folder: Path) -> dict[Path, str]:
    """Which file is which part of a given split; none where no file is named so.

    Args:
        files: of the folder.
        folder: where they are.

    Raises:
        UserError: two files are one part, or there is no train, or nothing to measure on.
    """
    parts = {file: part for file in files if (part := part_of(stem_of(file)))}
    if not parts:
        return {}
    for part in PARTS:
        found = [file.name for file, other in parts.items() if other == part]
        if len(found) > 1:
            raise UserError(
                f"Several files are the {part} part: {', '.join(found)}.",
                where=str(folder),
                remedy="Keep one of them in the folder.",
            )
        # Where there is no test part, valid stands for it.
        if not found and (part == TRAIN or (part != VALID and VALID not in parts.values())):
            raise UserError(
                f"The folder holds a split without its {part} part.",
                where=str(folder),
                expected=f"train.*, test.* and maybe valid.*; found: "
                f"{', '.join(file.name for file in parts)}",
                remedy=f"Add {part}.*, or name one file as the source to have it split.",
            )
    return dict(sorted(parts.items(), key=lambda entry: PARTS.index(entry[1])))


def _rows_of(
    table: Table,
    names: dict[str, str],
    columns: Columns,
    notes: list[str],
    *,
    looks_for_parts: bool,
) -> tuple[dict[str, Ids], pl.DataFrame]:
    # Only one part of the file holds its ids as text at a time.
    parts: dict[str, list[pl.Series]] = {"user": [], "item": []}
    others: list[pl.DataFrame] = []
    start = 0
    rest = [column for column in table.columns if column not in names.values()]
    split = split_column(rest) if looks_for_parts else None
    wanted = [*names.values(), *([split] if split else [])]
    for raw in table.read_parts(wanted):
        for role, of_role in parts.items():
            place = _place(table, names[role])
            place["first_row"] += start
            of_role.append(encoded(raw[names[role]], **place))
        others.append(raw.select(c for c in wanted if c not in (names["user"], names["item"])))
        start += len(raw)
    ids = {role: ids_of(table, of_role, names[role]) for role, of_role in parts.items()}
    values = {f"{role}_id": column.text for role, column in ids.items()}
    # How a time is meant follows from the whole column.
    other = pl.concat(others)
    if "time" in names:
        column = names["time"]
        values["time"] = to_microseconds(
            other[column], form=columns.time_format, **_place(table, column)
        )
    if "weight" in names:
        column = names["weight"]
        signed = columns.min_weight is not None
        values["weight"] = to_weights(
            other[column], notes=notes, signed=signed, **_place(table, column)
        )
    frame = pl.DataFrame(values)
    if split is not None:
        frame = frame.with_columns(other[split].cast(pl.String).alias(_SPLIT + plain_name(split)))
    return ids, frame


def ids_of(table: Table, values: pl.Series | Sequence[pl.Series], column: str) -> Ids:
    """The ids of one column of a table."""
    return to_ids(
        values,
        typed=table.typed_ids,
        kind=table.check_id_type(column),
        **_place(table, column),
    )


def _place(table: Table, column: str) -> dict[str, Any]:
    return {"where": f"{table.path}, column {plain_name(column)}", "first_row": table.first_row}


def differs(
    table: HasColumns, names: Mapping[str, str], first: HasColumns, first_names: Mapping[str, str]
) -> UserError:
    role = next(role for role in ROLES if (role in names) != (role in first_names))
    has, lacks = (table, first) if role in names else (first, table)
    return UserError(
        f"The files of the source have different columns: "
        f"{has.path.name} has a {role} column, {lacks.path.name} has none.",
        where=str(table.path),
        expected=f"the columns of {first.path.name}: {', '.join(map(plain_name, first.columns))}",
        remedy="Name one of the files as the source, or give all files the same columns"
        + (f"; --{role}-column '' leaves {role} out." if role in ("time", "weight") else "."),
    )
