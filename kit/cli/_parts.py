"""Large answers in a file: written in parts, resumed after an interruption, there as a whole."""

import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kit.config import check_folder
from kit.errors import UserError

if TYPE_CHECKING:
    import polars as pl

FORMATS = (".parquet", ".csv", ".tsv", ".jsonl")
STANDARD_OUTPUT = "-"
JOB = "job.json"
# So many rows are lost at most when a run is killed.
ROWS_OF_A_PART = 2**20


@dataclass(frozen=True)
class Destination:
    """Where a table goes and in which format.

    Args:
        file: path, or "-".
        format: one of `FORMATS`.
    """

    file: str
    format: str

    @classmethod
    def of(cls, file: str, *, as_json: bool, has_lists: bool = False) -> "Destination":
        """The destination of `--output`.

        Raises:
            UserError: another format, or a folder that cannot be written; said before a model is
                loaded.
        """
        path = Path(file)
        format = path.suffix.lower()
        if file == STANDARD_OUTPUT:
            format = ".jsonl" if as_json else ".csv"
        if format not in FORMATS:
            raise UserError(
                f"Lists cannot be written as {path.suffix or path.name!r}.",
                where=f"--output {file}",
                expected=f"a file that ends in {', '.join(FORMATS)}; or - for standard output",
                remedy=f"Give --output {path.with_suffix('.parquet')}",
            )
        if has_lists and format in (".csv", ".tsv"):
            raise UserError(
                f"A {format} file has no columns of lists.",
                where=f"--output {file} --list-column",
                expected="a .parquet or .jsonl file",
                remedy="Leave --list-column out, or name another file.",
            )
        if file == STANDARD_OUTPUT:
            return cls(file, format)
        if path.is_dir():
            raise UserError(
                "There is a folder of that name.",
                where=f"--output {file}",
                remedy="Name a file.",
            )
        check_folder(path.parent, "--output")
        return cls(file, format)

    @property
    def is_piped(self) -> bool:
        """Whether it is standard output."""
        return self.file == STANDARD_OUTPUT


class Parts:
    """Takes tables one after the other; the file appears when all of them are written.

    Each table becomes a file in a hidden folder beside the output. A run that is given the same
    job goes on after the last complete one; another job starts over.

    Args:
        destination: where the tables go.
        job: what makes the tables what they are.

    Attributes:
        done: the number of tables that are written.
        rows: the number of their rows.
        inputs: the rows of input that they were made of.
    """

    def __init__(self, destination: Destination, job: Mapping[str, Any]) -> None:
        self._destination, self._path = destination, Path(destination.file)
        self._folder = self._path.with_name(f".{self._path.name}.parts")
        self._job = hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()
        self.done = self.rows = self.inputs = 0
        self._begun = False

    @contextmanager
    def open(self) -> Iterator["Parts"]:
        """While it is entered, no other run writes the same file.

        Raises:
            UserError: another run writes it, or it cannot be written.
        """
        if self._destination.is_piped:
            yield self
            sys.stdout.flush()
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._folder.mkdir(exist_ok=True)
            with (self._folder / JOB).open("a+") as job:
                self._lock(job)
                try:
                    self._resume(job)
                    yield self
                    self._finish()
                finally:
                    # What is left is worth a resumption, or nothing was written.
                    if not self._files():
                        shutil.rmtree(self._folder, ignore_errors=True)
        except OSError as error:
            raise UserError(
                f"The lists cannot be written: {error.strerror or error}.",
                where=self._destination.file,
                remedy="Make room and give the same command again: it resumes where it was. Or "
                "name a file in a folder you may write to: --output FILE",
            ) from error

    def write(self, table: "pl.DataFrame", inputs: int = 0) -> None:
        """Write the next table, made of so many rows of input."""
        self.rows += len(table)
        self.inputs += inputs
        self.done += 1
        if self._destination.is_piped:
            self._append(sys.stdout.buffer, table, header=not self._begun)
            self._begun = True
            return
        draft = self._folder / "draft"
        with draft.open("wb") as file:
            self._append(file, table, header=self.done == 1)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._folder / f"{self.done:08d}-{len(table)}-{inputs}")

    def _append(self, file: IO[bytes], table: "pl.DataFrame", *, header: bool) -> None:
        if self._destination.format == ".parquet":
            table.write_parquet(file, compression="zstd", compression_level=1, statistics=False)
        elif self._destination.format == ".jsonl":
            table.write_ndjson(file)
        else:
            separator = "\t" if self._destination.format == ".tsv" else ","
            table.write_csv(file, separator=separator, include_header=header)

    def _lock(self, job: IO[str]) -> None:
        try:
            fcntl.flock(job, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                "Another run writes this file.",
                where=f"--output {self._path}",
                expected="one run at a time for a file",
                remedy="Wait for it to end, or name another file.",
            ) from None

    def _resume(self, job: IO[str]) -> None:
        job.seek(0)
        files = self._files()
        if job.read() != self._job:
            for file in files:
                file.unlink()
            files = []
            job.truncate(0)
            job.write(self._job)
            job.flush()
        self.done = len(files)
        self.rows = sum(int(file.name.split("-")[1]) for file in files)
        self.inputs = sum(int(file.name.split("-")[2]) for file in files)

    def _files(self) -> list[Path]:
        """The complete parts, in their order."""
        return sorted(self._folder.glob("[0-9]*-*-*"))

    def _finish(self) -> None:
        files, whole = self._files(), self._folder / "whole"
        if len(files) == 1:
            whole = files[0]
        elif self._destination.format == ".parquet":
            _join_parquet(files, whole)
        else:
            with whole.open("wb") as joined:
                for file in files:
                    with file.open("rb") as part:
                        shutil.copyfileobj(part, joined, 1 << 20)
        with whole.open("rb+") as joined:
            os.fsync(joined.fileno())
        whole.replace(self._path)
        for file in files:
            file.unlink(missing_ok=True)


def _join_parquet(files: list[Path], whole: Path) -> None:
    """A row group for each part; some row groups are in memory at a time."""
    import polars as pl

    pl.scan_parquet(files).sink_parquet(
        whole,
        compression="zstd",
        compression_level=1,
        statistics=False,
        row_group_size=ROWS_OF_A_PART,
    )


def file_identity(file: Path) -> str:
    """What tells a file from another one, or from a later one of the same name, in a job."""
    found = file.stat()
    return f"{file.resolve()} {found.st_mtime_ns} {found.st_size}"


def write_table(destination: Destination, table: "pl.DataFrame") -> None:
    """Write a table as a whole.

    Raises:
        UserError: the file cannot be written.
    """
    with Parts(destination, {"table": os.getpid()}).open() as parts:
        parts.write(table)


def write_in_parts(
    parts: Parts,
    tables: "Callable[[int, int], Iterator[pl.DataFrame]]",
    total: int,
    size: int,
    advance: Callable[[int], object],
) -> None:
    """Write what is still missing of so many rows of input.

    Args:
        parts: takes the tables.
        tables: of the first row and the end, tables of the rows between.
        total: rows of input, at least one.
        size: rows of input that become a part.
        advance: told how many rows of input are done.
    """
    import polars as pl

    advance(parts.inputs)
    for start in range(parts.inputs, total, size):
        stop = min(start + size, total)
        parts.write(pl.concat(tables(start, stop)), stop - start)
        advance(stop - start)
