"""Open a source of interactions."""

import difflib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from kit.data._clean import (
    ROLE_OF,
    CleaningStep,
    check_variety,
    dominant_user,
    drop_duplicates,
    drop_incomplete,
    drop_light,
    drop_users,
)
from kit.data._columns import BY_COMMON_NAMES, Columns, find_columns
from kit.data._dialect import DETECTED, TableFormat
from kit.data._features import read_features
from kit.data._files import is_prepared
from kit.data._frames import FrameTable, Tabular, file_or_frame, path_or_frame
from kit.data._read import Rows, read_interactions
from kit.data._times import SECOND, check_time_format, time_notes
from kit.data.builtin._open import BUILT_IN
from kit.errors import UserError

RowReader = Callable[[str, Columns, TableFormat], Rows]
"""Reads the rows of a named source, given the names of columns and how text is written."""


@dataclass(frozen=True)
class Source:
    """Interactions, cleaned, and what is known of items and users.

    Args:
        name: as the user named it.
        interactions: user_id, item_id: Categorical, four bytes a row; maybe time: Int64, seconds
            since 1970 UTC; maybe weight: Float64; maybe part: Enum, "train", "valid" or "test",
            of a given split. In the order of the source.
        items: item_id: String, unique, and feature columns; or None.
        users: user_id: String, unique, and feature columns; or None.
        cleaning: what was dropped, in order.
        rows_read: rows before cleaning.
        licence: attribution of a built-in data set, else "".
        notes: lines on how cells were read, what is strange about them, and how much of the log
            has a row in the tables of items and users.
    """

    name: str
    interactions: pl.DataFrame
    items: pl.DataFrame | None
    users: pl.DataFrame | None
    cleaning: tuple[CleaningStep, ...]
    rows_read: int
    licence: str
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        rows = self.interactions
        return (
            f"Source({self.name!r}: {len(rows):,} interactions, "
            f"{rows['user_id'].n_unique():,} users, {rows['item_id'].n_unique():,} items)"
        )


@dataclass(frozen=True)
class _Opened:
    frame: pl.DataFrame
    rows_read: int
    names: dict[str, str]
    cleaning: list[CleaningStep]
    items: pl.DataFrame | None = None
    users: pl.DataFrame | None = None
    licence: str = ""
    where: str = field(default="")
    markers: dict[str, dict[str, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def open_source(
    source: Tabular,
    *,
    columns: Columns = BY_COMMON_NAMES,
    items: Tabular | None = None,
    users: Tabular | None = None,
    limit: int | None = None,
    format: TableFormat = DETECTED,
    without_users: Collection[str] = (),
    read: RowReader | None = None,
) -> Source:
    """Open a source of interactions and clean it.

    Args:
        source: a file (.csv, .tsv, .jsonl, each also .gz; .parquet; .inter), a folder of such
            files (if it holds train.* and test.*, a given split), `tfds:NAME[/CONFIG]`, or the
            name of a built-in data set (`online-retail`); or a DataFrame or LazyFrame of polars, or
            a DataFrame of pandas.
        columns: names of columns, where common names do not find them.
        items: file or frame with one row of features for each item.
        users: file or frame with one row of features for each user.
        limit: keep only this many rows, the last by time, without time the first; of a given
            split it limits the train part.
        format: how text tables are written, where their content does not show it.
        without_users: ids of users whose rows are left out.
        read: reads the rows of a source that is named, as `kit.data.spark.SparkReader` does; None
            reads files here.

    Returns:
        The interactions without rows that lack a user, item, time or weight, and without exact
        duplicates (a given split keeps its duplicates).

    Raises:
        UserError: the source cannot be used; it names file, row or column and the remedy.

    Example:

    >>> source = open_source("online-retail", limit=10_000)
    >>> source.interactions.columns
    ['user_id', 'item_id', 'time', 'weight']
    """
    if limit is not None and limit < 1:
        raise UserError(f"The limit {limit} keeps no row.", where="--limit", expected="1 or more")
    if columns.time_format is not None:
        check_time_format(columns.time_format)
    opened = _open(path_or_frame(source), columns, format, read)
    frame, steps = drop_incomplete(
        opened.frame, where=opened.where, names=opened.names, markers=opened.markers
    )
    frame, left_out = drop_users(frame, without_users)
    cleaning = [*opened.cleaning, *steps, *left_out]
    if "part" not in frame.columns:
        frame, steps = drop_duplicates(frame)
        cleaning += steps
    if columns.min_weight is not None:
        frame, steps = drop_light(frame, columns.min_weight, where=opened.where, names=opened.names)
        cleaning += steps
    if "time" in frame.columns:
        frame = frame.with_columns(pl.col("time").floordiv(SECOND))
    if limit is not None:
        frame, steps = _limited(frame, limit)
        cleaning += steps
    check_variety(frame, where=opened.where)
    notes = list(opened.notes)
    if "time" in frame.columns:
        notes += time_notes(frame["time"], opened.names.get("time", "time"))
    notes += dominant_user(frame["user_id"])
    tables = {"item": opened.items, "user": opened.users}
    for role, file in (("item", items), ("user", users)):
        if file is not None:
            found = read_features(
                file_or_frame(file),
                role,
                named=getattr(columns, role),
                in_interactions=opened.names[role],
                known=frame[f"{role}_id"].unique(maintain_order=True).cast(pl.String),
                format=format,
            )
            tables[role] = found.table
            cleaning += found.cleaning
            notes += found.notes
    return Source(
        name=opened.where,
        interactions=frame,
        items=tables["item"],
        users=tables["user"],
        cleaning=tuple(cleaning),
        rows_read=opened.rows_read,
        licence=opened.licence,
        notes=tuple(notes),
    )


def _open(
    source: str | FrameTable, columns: Columns, format: TableFormat, read: RowReader | None
) -> _Opened:
    if isinstance(source, FrameTable):
        return _of_rows(read_interactions(source, columns, format), str(source))
    if read is not None and (source.startswith("tfds:") or source in BUILT_IN):
        raise UserError(
            "A data set that is built in is not read by Spark.",
            where=source,
            expected="a path or a URL of files",
            remedy="Leave --engine spark out.",
        )
    if source.startswith("tfds:"):
        # TensorFlow takes seconds to import, and no other source needs it.
        from kit.data._tfds import read_tfds

        found = read_tfds(source.removeprefix("tfds:"), columns)
        return _Opened(
            found.frame,
            len(found.frame),
            found.names,
            [],
            found.items,
            found.users,
            where=source,
            markers=found.markers,
            notes=found.notes,
        )
    if source in BUILT_IN:
        data = BUILT_IN[source]()
        cleaning = list(data.cleaning)
        names = find_columns(list(data.names.values()), columns, where=source)
        if any(data.names[role] != name for role, name in names.items()):
            raise UserError(
                "The columns of a built-in data set are fixed.",
                where=source,
                expected=", ".join(f"{role}: {name}" for role, name in data.names.items()),
                remedy="Leave out the options that name columns.",
            )
        kept = [column for column, role in ROLE_OF.items() if role in names]
        return _Opened(
            frame=data.frame.select(kept),
            rows_read=len(data.frame) + sum(step.rows for step in cleaning),
            names=names,
            cleaning=cleaning,
            items=data.items,
            licence=data.licence,
            where=source,
        )
    path = Path(source)
    if not source or (not path.suffix and path.name == source and not path.exists()):
        raise _unknown_name(source)
    if is_prepared(path):
        raise UserError(
            "The folder holds prepared data, not a source.",
            where=source,
            expected="a source of interactions",
            remedy="Name what it was prepared from, or train on it as it is; in Python: "
            "kit.data.open_prepared(folder).",
        )
    if read is not None:
        return _of_rows(read(source, columns, format), source)
    return _of_rows(read_interactions(path, columns, format), source)


def _of_rows(rows: Rows, where: str) -> _Opened:
    return _Opened(
        rows.frame,
        len(rows.frame),
        rows.names,
        [],
        where=where,
        markers=rows.markers,
        notes=rows.notes,
    )


def _unknown_name(source: str) -> UserError:
    near = difflib.get_close_matches(source, BUILT_IN, n=1, cutoff=0.5)
    return UserError(
        f"There is no file, folder or built-in data set '{source}'.",
        where="--data",
        expected=f"a path, tfds:NAME, or a built-in name: {', '.join(BUILT_IN)}",
        remedy=f"Did you mean {near[0]}?" if near else "Check the name.",
    )


def _limited(frame: pl.DataFrame, limit: int) -> tuple[pl.DataFrame, list[CleaningStep]]:
    kept = frame.with_row_index("_row")
    others = kept.clear()
    if "part" in frame.columns:
        others = kept.filter(pl.col("part") != "train")
        kept = kept.filter(pl.col("part") == "train")
    if "time" in frame.columns:
        kept = kept.sort("time", maintain_order=True).tail(limit)
    else:
        kept = kept.head(limit)
    kept = pl.concat([kept, others]).sort("_row").drop("_row")
    dropped = len(frame) - len(kept)
    return kept, [CleaningStep("rows beyond the limit", dropped)] if dropped else []
