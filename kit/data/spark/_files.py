"""The files of a source as Spark reaches them, and how its lines are cut among executors."""

import pickle
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl
import pyarrow as pa

from kit.data._files import missing, require_regular_file
from kit.data._read import files_of
from kit.data._table_formats import INTERACTION_SUFFIXES, is_parquet, is_table, kind_of
from kit.data.spark._session import on_executors, spark_errors
from kit.errors import UserError

PARQUET = ".parquet"
# Spark reads what Hadoop decompresses.
COMPRESSED = (".gz", ".bz2")
_HEADS = 1 << 28
_HEAD = 1 << 18
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass
class Block:
    """A range of a file that one task reads.

    Args:
        key: tells it from all others.
        start: byte in the file.
        rows: lines, or rows of Parquet.
        blank: lines at its end that are blank.
    """

    key: int
    start: int
    rows: int = 0
    blank: int = 0


@dataclass
class Survey:
    """What is found in a file before its lines are cut into cells.

    Args:
        head: its first lines.
        blocks: in which it is read, in order.
        quoted: the first line, from 0, with a quote; None without.
        odd: the first line with an odd number of quotes.
        bad: the first line that is no UTF-8, and its first bad byte.
    """

    head: bytes = b""
    blocks: list[Block] = field(default_factory=list)
    quoted: int | None = None
    odd: int | None = None
    bad: tuple[int, int] | None = None

    @property
    def rows(self) -> int:
        """Lines, without blank ones at the end of the file."""
        blank = 0
        for block in reversed(self.blocks):
            blank += block.blank
            if block.blank < block.rows:
                break
        return sum(block.rows for block in self.blocks) - blank


def list_files(spark: Any, source: str) -> tuple[list[Path], Mapping[Path, str], bool]:
    """The files of a source, of each its URL, and whether the source is a folder.

    Paths without a scheme are of this machine unless Hadoop is set up to take others.

    Raises:
        UserError: there is nothing, or nothing that is read.
    """
    context = spark.sparkContext
    default = context._jsc.hadoopConfiguration().get("fs.defaultFS", "file:///")
    if not _URL.match(source) and default.startswith("file:"):
        path = Path(source)
        local = files_of(path)
        for file in local:
            require_regular_file(file)
        return local, {file: f"file://{file.resolve()}" for file in local}, path.is_dir()
    with spark_errors(source):
        place = context._jvm.org.apache.hadoop.fs.Path(source)
        system = place.getFileSystem(context._jsc.hadoopConfiguration())
        if not system.exists(place):
            raise missing(Path(source))
        is_folder = bool(system.getFileStatus(place).isDirectory())
        found = [place]
        if is_folder:
            listed = system.listStatus(place)
            found = [status.getPath() for status in listed if status.isFile()]
    files = sorted(Path(one.getName()) for one in found)
    files = [file for file in files if is_table(file)] if is_folder else files
    if not files:
        raise UserError(
            "The folder holds no file of interactions.",
            where=source,
            expected="files that end in " + ", ".join(INTERACTION_SUFFIXES),
            remedy="Name the folder of the files, or one file.",
        )
    urls = {Path(one.getName()): one.toString() for one in found}
    return files, urls, is_folder


def kind_for_spark(file: Path, url: str) -> str:
    """The kind of a file by its name; a Parquet file of this machine by its content, too.

    Raises:
        UserError: Spark does not decompress it, or its kind is not known by its name.
    """
    kind = kind_of(file)
    suffix = file.suffix.lower()
    if url.startswith("file://") and suffix not in COMPRESSED and is_parquet(file):
        return PARQUET
    known = (PARQUET, ".csv", ".tsv", ".txt", ".dat", ".data", ".inter", ".item", ".user", ".jsonl")
    if kind not in known or (suffix != kind and suffix not in COMPRESSED):
        raise UserError(
            f"Files that end in '{file.suffix}' are not read by --engine spark.",
            where=str(file),
            expected=".csv, .tsv, .txt, .jsonl (each also .gz or .bz2), .parquet, .inter",
            remedy="Convert or rename the file, or leave --engine spark out.",
        )
    return kind


def read_raw(spark: Any, urls: list[str], *, is_parquet: bool) -> Any:
    """Rows of files as Spark reads them: `line` of text, or columns; and `key` of their block."""
    from pyspark.sql import functions as f

    # A path may hold signs that mean something in patterns.
    paths = [re.sub(r"([\\{}\[\]*?])", r"\\\1", url) for url in urls]
    frame = spark.read.parquet(*paths) if is_parquet else spark.read.text(paths)
    place = (f.col("_metadata.file_path"), f.col("_metadata.file_block_start"))
    frame = frame.withColumn("kit key", f.xxhash64(*place))
    frame = frame.withColumn("kit path", place[0]).withColumn("kit start", place[1])
    return frame if is_parquet else frame.withColumn("line", f.col("value").cast("binary"))


def survey(raw: Any, urls: Mapping[Path, str], *, is_text: bool) -> dict[Path, Survey]:
    """Count the rows of each block and look at the lines."""
    names = ["kit path", "kit start", "kit key", *(["line"] if is_text else [])]
    size = max(1 << 12, min(_HEAD, _HEADS // len(urls)))
    frame = raw.select(*names).mapInArrow(_Surveying(size), "found binary")
    file_of = {_plain(url): file for file, url in urls.items()}
    found: dict[Path, Survey] = {file: Survey() for file in urls}
    blocks = [pickle.loads(row.found) for row in frame.collect()]
    for path, start, block in sorted(blocks, key=lambda one: one[1]):
        file = file_of.get(_plain(path)) or file_of[_plain(unquote(path))]
        of_file = found[file]
        before = sum(one.rows for one in of_file.blocks)
        of_file.blocks += block.blocks
        of_file.head = of_file.head or (block.head if start == 0 else b"")
        for name in ("quoted", "odd"):
            place = getattr(block, name)
            if place is not None and getattr(of_file, name) is None:
                setattr(of_file, name, place + before)
        if block.bad is not None and of_file.bad is None:
            of_file.bad = (block.bad[0] + before, block.bad[1])
    return found


class _Surveying:
    """Works on the lines of a task."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        return on_executors(self._survey)(batches)

    def _survey(self, batches: Iterator[Any]) -> Iterator[Any]:
        found: dict[int, tuple[str, int, Survey]] = {}
        for batch in batches:
            for key, rows in runs(batch):
                if key not in found:
                    path, start = rows["kit path"][0], rows["kit start"][0]
                    found[key] = (path, start, Survey(blocks=[Block(key, start)]))
                of_block = found[key][2]
                if "line" in rows.columns:
                    self._look(of_block, rows["line"])
                of_block.blocks[0].rows += len(rows)
        yield packed([pickle.dumps(one) for one in found.values()])

    def _look(self, found: Survey, lines: pl.Series) -> None:
        block = found.blocks[0]
        if not block.start and not block.rows:
            found.head = b"\n".join(lines[: self._size].to_list())
            end = found.head.find(b"\n", self._size)
            found.head = (found.head if end < 0 else found.head[:end]) + b"\n"
        is_blank = lines.bin.size() == 0
        filled = (~is_blank).arg_true()
        blank = len(lines) if filled.is_empty() else len(lines) - 1 - int(filled[-1])
        block.blank = block.blank + blank if blank == len(lines) else blank
        content = b"\n".join(lines.to_list())
        try:
            content.decode()
        except UnicodeDecodeError as error:
            if found.bad is None:
                line = content.count(b"\n", 0, error.start)
                found.bad = (block.rows + line, content[error.start])
            return
        if (zero := content.find(b"\0")) >= 0 and found.bad is None:
            found.bad = (block.rows + content.count(b"\n", 0, zero), 0)
        if b'"' in content and (found.quoted is None or found.odd is None):
            counts = lines.cast(pl.String).str.count_matches('"', literal=True)
            if found.quoted is None:
                found.quoted = block.rows + int((counts > 0).arg_max() or 0)
            odd = (counts % 2 == 1).arg_true()
            if found.odd is None and len(odd):
                found.odd = block.rows + int(odd[0])


def runs(batch: pa.RecordBatch) -> Iterator[tuple[int, pl.DataFrame]]:
    """The rows of a batch by block, in order."""
    frame = pl.DataFrame(pl.from_arrow(batch))
    if frame.is_empty():
        return
    keys = frame["kit key"]
    starts = [0, *((keys != keys.shift(1)).fill_null(False).arg_true().to_list()), len(frame)]
    for begin, end in pairwise(starts):
        if end > begin:
            yield int(keys[begin]), frame[begin:end]


def packed(values: list[bytes]) -> pa.RecordBatch:
    """Bytes on their way to the driver."""
    return pa.RecordBatch.from_arrays([pa.array(values, pa.binary())], names=["found"])


def _plain(url: str) -> str:
    return re.sub(r"^file:/+", "/", url)
