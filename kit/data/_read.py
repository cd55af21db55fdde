"""Files of interactions as one frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kit.data._columns import ROLES, Columns, find_columns, plain_name
from kit.data._files import missing, unreadable
from kit.data._ids import Ids, check_same_form, to_ids
from kit.data._tables import INTERACTION_SUFFIXES, Table, is_table, open_table, stem_of
from kit.data._times import to_microseconds
from kit.data._weights import to_weights
from kit.errors import UserError

PARTS = {
    "train": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "test": "test",
}


PART = pl.Enum(["train", "valid", "test"])


@dataclass(frozen=True)
class Rows:
    """Interactions as read, before cleaning.

    Args:
        frame: user_id, item_id: Categorical; maybe time: Int64, microseconds since the epoch;
            maybe weight: Float64; maybe part: PART.
        names: role -> name of its column in the source.
    """

    frame: pl.DataFrame
    names: dict[str, str]


def read_interactions(path: Path, columns: Columns) -> Rows:
    """Read a file, or all files of a folder; files named train, valid, test become parts.

    Raises:
        UserError: see `kit.data.open_source`.
    """
    files = files_of(path)
    parts = parts_of(files, path)
    frames: list[pl.DataFrame] = []
    first: tuple[Table, dict[str, str], dict[str, Ids]] | None = None
    for file in parts or files:
        table = open_table(file)
        names = find_columns(table.columns, columns, where=str(file))
        if first is not None and set(names) != set(first[1]):
            raise _differs(table, names, first[0], first[1])
        ids, frame = _rows_of(table, names)
        if first is None:
            first = (table, names, ids)
        for role, of_first in first[2].items():
            check_same_form(of_first, ids[role])
        if parts:
            frame = frame.with_columns(part=pl.lit(parts[file], PART))
        frames.append(frame)
    assert first is not None
    plain = {role: plain_name(name) for role, name in first[1].items()}
    return Rows(frames[0] if len(frames) == 1 else pl.concat(frames), plain)


def files_of(path: Path) -> list[Path]:
    """The files a source consists of, sorted by name."""
    try:
        if not path.exists():
            raise missing(path)
        if not path.is_dir():
            return [path]
        files = sorted(file for file in path.iterdir() if is_table(file) and file.is_file())
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


def parts_of(files: Sequence[Path], folder: Path, *, needs_test: bool = True) -> dict[Path, str]:
    """Which file is which part of a given split; none where no file is named so.

    Args:
        files: of the folder.
        folder: where they are; a file is its own source.
        needs_test: whether valid cannot stand for test.
    """
    parts = {file: PARTS[stem_of(file).lower()] for file in files if stem_of(file).lower() in PARTS}
    if not parts or not folder.is_dir():
        return {}
    for part in ("train", "valid", "test"):
        found = [file.name for file, other in parts.items() if other == part]
        if len(found) > 1:
            raise UserError(
                f"Several files are the {part} part: {', '.join(found)}.",
                where=str(folder),
                remedy="Keep one of them in the folder.",
            )
        if part == "valid" or (part == "test" and not needs_test and "valid" in parts.values()):
            continue
        if not found:
            raise UserError(
                f"The folder holds a split without its {part} part.",
                where=str(folder),
                expected=f"train.*, test.* and maybe valid.*; found: "
                f"{', '.join(file.name for file in parts)}",
                remedy=f"Add {part}.*, or name one file as the source to have it split.",
            )
    return dict(sorted(parts.items(), key=lambda entry: ("train", "valid", "test").index(entry[1])))


def _rows_of(table: Table, names: dict[str, str]) -> tuple[dict[str, Ids], pl.DataFrame]:
    # Only one part of the file holds its ids as text at a time.
    parts: dict[str, list[Ids]] = {"user": [], "item": []}
    others: list[pl.DataFrame] = []
    start = 0
    for raw in table.read_parts(list(names.values())):
        for role, encoded in parts.items():
            encoded.append(ids_of(table, raw, names[role], start=start).encoded())
        others.append(raw.select([names[role] for role in names if role not in parts]))
        start += len(raw)
    ids = {role: Ids.joined(encoded) for role, encoded in parts.items()}
    values = {f"{role}_id": column.text for role, column in ids.items()}
    # How a time is meant follows from the whole column.
    other = pl.concat(others)
    for role, convert in (("time", to_microseconds), ("weight", to_weights)):
        if role in names:
            where = f"{table.path}, column {plain_name(names[role])}"
            values[role] = convert(other[names[role]], where=where, first_row=table.first_row)
    return ids, pl.DataFrame(values)


def ids_of(table: Table, raw: pl.DataFrame, column: str, *, start: int = 0) -> Ids:
    """The ids of one column of a table, of the rows from `start` on."""
    return to_ids(
        raw[column],
        where=f"{table.path}, column {plain_name(column)}",
        first_row=table.first_row + start,
        typed=table.typed_ids,
        kind=table.check_id_type(column),
    )


def _differs(
    table: Table, names: dict[str, str], first: Table, first_names: dict[str, str]
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
