"""The lists of many users, in a file."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kit.config import check_folder
from kit.console import echo, echo_json
from kit.errors import UserError
from kit.progress import stage

if TYPE_CHECKING:
    import polars as pl

    from kit.exports import LoadedExport, Narrowed

FORMATS = (".parquet", ".csv", ".tsv", ".jsonl")
STANDARD_OUTPUT = "-"
USERS_AT_ONCE = 1024
# An exact search holds the scores of all items of the users that are asked for together.
SCORES_AT_ONCE = 2**25


@dataclass(frozen=True)
class Destination:
    """Where lists go and in which format.

    Args:
        file: path, or "-".
        format: one of `FORMATS`.
    """

    file: str
    format: str

    @classmethod
    def of(cls, file: str, *, as_json: bool) -> "Destination":
        """The destination of `--output`.

        Raises:
            UserError: another format, or a folder that cannot be written; said before a model is
                loaded.
        """
        if file == STANDARD_OUTPUT:
            return cls(file, ".jsonl" if as_json else ".csv")
        path = Path(file)
        if path.suffix.lower() not in FORMATS:
            raise UserError(
                f"Lists cannot be written as {path.suffix or path.name!r}.",
                where=f"--output {file}",
                expected=f"a file that ends in {', '.join(FORMATS)}; or - for standard output",
                remedy=f"Give --output {path.with_suffix('.parquet')}",
            )
        if path.is_dir():
            raise UserError(
                "There is a folder of that name.",
                where=f"--output {file}",
                remedy="Name a file.",
            )
        check_folder(path.parent, "--output")
        return cls(file, path.suffix.lower())


def recommend_all(
    export: "LoadedExport",
    listed: Sequence[str] | None,
    count: int,
    narrowed: "Narrowed",
    destination: Destination,
    *,
    as_json: bool,
) -> None:
    """Write the lists of many users, some at a time; the file appears when it is complete.

    Args:
        export: the export.
        listed: users; unknown ones get the popular items and are counted. None takes all users
            that the model knows.
        count: items in a list.
        narrowed: rules, the same for all.
        destination: where they go.
        as_json: print the closing numbers as a document.

    Raises:
        UserError: a value that no item has, or the file cannot be written.
    """
    known = export.user_ids()
    users = known if listed is None else listed
    is_known = None if listed is None else set(known)
    rows = 0
    size = max(1, min(USERS_AT_ONCE, SCORES_AT_ONCE // max(1, len(export.items))))
    with stage("recommend", len(users), "users") as asked, _writer(destination) as write:
        for start in range(0, len(users), size):
            batch = users[start : start + size]
            table = _table(export, batch, count, narrowed, is_known)
            write(table)
            rows += len(table)
            asked.advance(len(batch))
    unknown = 0 if is_known is None else sum(user not in is_known for user in users)
    is_piped = destination.file == STANDARD_OUTPUT
    if as_json and not is_piped:
        numbers = {"users": len(users), "unknown_users": unknown, "rows": rows}
        echo_json({**numbers, "output": destination.file})
        return
    others = f", {unknown:,} of them unknown to the model: popular items" if unknown else ""
    echo(f"users:     {len(users):,}{others}", err=is_piped)
    if not is_piped:
        echo(f"output:    {destination.file}, {rows:,} rows")


def write_table(destination: Destination, table: "pl.DataFrame") -> None:
    """Write a table as a whole.

    Raises:
        UserError: the file cannot be written.
    """
    with _writer(destination) as write:
        write(table)


def _table(
    export: "LoadedExport",
    users: Sequence[str],
    count: int,
    narrowed: "Narrowed",
    is_known: set[str] | None,
) -> "pl.DataFrame":
    import numpy as np
    import polars as pl

    items, scores = export.lists(users, count, narrowed)
    row, place = np.nonzero(items != b"")
    ids = [item.decode() for item in items[row, place]]
    columns: dict[str, Any] = {
        "user_id": pl.Series(users, dtype=pl.String).gather(row),
        "rank": pl.Series(place + 1, dtype=pl.Int32),
        "item_id": pl.Series(ids, dtype=pl.String),
        "score": scores[row, place],
    }
    if export.items.has_titles:
        titles = [export.items.title(item) for item in ids]
        columns["title"] = pl.Series(titles, dtype=pl.String)
    if is_known is not None:
        known = pl.Series([user in is_known for user in users], dtype=pl.Boolean)
        columns["known_user"] = known.gather(row)
    return pl.DataFrame(columns)


@contextmanager
def _writer(destination: Destination) -> "Iterator[Callable[[pl.DataFrame], None]]":
    """Takes tables and appends them; a file is there when all are written, or not at all."""
    if destination.file == STANDARD_OUTPUT:
        yield _appending(sys.stdout.buffer, destination.format)
        sys.stdout.flush()
        return
    path = Path(destination.file)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            write = _appending(file, destination.format)
            yield write
            if isinstance(write, _Parquet):
                write.close()
        draft.replace(path)
    except OSError as error:
        raise UserError(
            f"The lists cannot be written: {error.strerror or error}.",
            where=destination.file,
            remedy="Make room, or name a file in a folder you may write to: --output FILE",
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def _appending(file: IO[bytes], format: str) -> "Callable[[pl.DataFrame], None]":
    if format == ".parquet":
        return _Parquet(file)
    if format == ".jsonl":
        return lambda table: table.write_ndjson(file)
    separator = "\t" if format == ".tsv" else ","
    begun: list[bool] = []

    def write(table: "pl.DataFrame") -> None:
        table.write_csv(file, separator=separator, include_header=not begun)
        begun.append(True)

    return write


class _Parquet:
    """A row group for each table."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._writer: Any = None

    def __call__(self, table: "pl.DataFrame") -> None:
        import pyarrow.parquet as pq

        rows = table.to_arrow()
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, rows.schema, compression="zstd")
        self._writer.write_table(rows)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
