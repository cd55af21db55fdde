"""A table of one or many files, of which Spark reads the rows and the kit the cells."""

import pickle
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from kit.data._delimited import DelimitedTable
from kit.data._dialect import TableFormat, quotes_of, stray_quote
from kit.data._files import empty, header_only
from kit.data._table_formats import DELIMITED, JsonLinesTable
from kit.data.spark._files import (
    PARQUET,
    Survey,
    kind_for_spark,
    list_files,
    packed,
    read_raw,
    runs,
    survey,
)
from kit.data.spark._session import on_executors, spark_errors
from kit.errors import UserError
from kit.progress import stage

_COLUMN = "kit column {}"


@dataclass
class ColumnarTable:
    """A Parquet file that Spark reads."""

    path: Path
    columns: tuple[str, ...]
    first_row = 1
    typed_ids = True

    def check_id_type(self, column: str) -> str | None:
        """The types of the columns tell."""
        return None


FileTable = DelimitedTable | JsonLinesTable | ColumnarTable


@dataclass
class SparkTable:
    """Files that Spark reads.

    Args:
        source: as it was named.
        tables: of each file, without its rows.
        rows: in each file.
        is_folder: whether they are those of a folder.
    """

    source: str
    tables: list[FileTable]
    rows: list[int]
    is_folder: bool
    _raw: Any = field(repr=False)
    # Of each block its file and the row of the file that it begins with; below 0 is the header.
    _blocks: dict[int, tuple[int, int]] = field(repr=False)

    def only(self, files: Sequence[int]) -> "SparkTable":
        """Some of the files, in this order."""
        place = {file: number for number, file in enumerate(files)}
        blocks = {
            key: (place[file], begin)
            for key, (file, begin) in self._blocks.items()
            if file in place
        }
        tables, rows = [self.tables[file] for file in files], [self.rows[file] for file in files]
        return SparkTable(self.source, tables, rows, self.is_folder, self._raw, blocks)

    def file_of(self, row: int) -> int:
        """The number of the file that holds a row of the table."""
        return max(file for file, start in enumerate(self.starts) if start <= row)

    @property
    def starts(self) -> list[int]:
        """The row of the table that each file begins with."""
        return [sum(self.rows[:number]) for number in range(len(self.rows))]

    def map(
        self,
        columns: Sequence[Sequence[str]],
        work: "Callable[[Iterator[Rows]], Iterator[Any]]",
        schema: str,
        head: int | None = None,
    ) -> Any:
        """A DataFrame of Spark of what executors make of the rows.

        Args:
            columns: of each file, those that are read.
            work: of the rows of a task, in order, yields record batches of Arrow.
            schema: of these, as Spark writes it.
            head: read about so many rows only.
        """
        raw = self._raw
        if head is not None:
            raw = raw.limit(head + 1 + max(table.first_row for table in self.tables))
        names = ["line"]
        if isinstance(self.tables[0], ColumnarTable):
            names = list(dict.fromkeys(name for some in columns for name in some))
        from pyspark.sql import functions as f

        # Names of columns may hold dots.
        some = [f.col(f"`{name.replace('`', '``')}`") for name in names]
        places = [one.alias(_COLUMN.format(number)) for number, one in enumerate(some)]
        context = raw.sparkSession.sparkContext
        job = _Job(
            context.broadcast((self.tables, [list(some) for some in columns])),
            context.broadcast((self._blocks, self.starts, self.rows)),
            names,
            work,
        )
        return raw.select("kit key", *places).mapInArrow(job, schema)


@dataclass
class Rows:
    """Some rows of a file.

    Args:
        file: its number.
        table: the file, with these rows.
        frame: the columns that were asked for.
        begin: the first of them in the file.
        start: the first of them in all files.
    """

    file: int
    table: FileTable
    frame: pl.DataFrame
    begin: int
    start: int


class _Job:
    """Cuts lines into cells on an executor and works on them."""

    def __init__(
        self,
        tables: Any,
        blocks: Any,
        names: Sequence[str],
        work: Callable[[Iterator[Rows]], Iterator[Any]],
    ) -> None:
        self._tables, self._blocks, self._names, self._work = tables, blocks, names, work

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        return on_executors(self._do)(batches)

    def _do(self, batches: Iterator[Any]) -> Iterator[Any]:
        yield from self._work(self._rows(batches))

    def _rows(self, batches: Iterator[Any]) -> Iterator[Rows]:
        tables, columns = self._tables.value
        blocks, starts, lengths = self._blocks.value
        done: dict[int, int] = {}
        for batch in batches:
            for key, raw in runs(batch):
                if key not in blocks:
                    continue
                number, first = blocks[key]
                begin = first + done.get(key, 0)
                done[key] = done.get(key, 0) + len(raw)
                # Without the header, and blank lines at the end of the file.
                kept = raw[max(0, -begin) : max(0, lengths[number] - begin)]
                begin = max(0, begin)
                if kept.is_empty():
                    continue
                table = tables[number]
                if isinstance(table, ColumnarTable):
                    place = {name: spot for spot, name in enumerate(self._names)}
                    frame = kept.select(
                        pl.col(_COLUMN.format(place[name])).alias(name) for name in columns[number]
                    )
                else:
                    lines = kept[_COLUMN.format(0)].to_list()
                    table = table.of_lines(b"\n".join(lines) + b"\n", begin + table.first_row)
                    frame = _cells(table, columns[number], len(lines))
                yield Rows(number, table, frame, begin, starts[number] + begin)


def _cells(table: FileTable, columns: Sequence[str], count: int) -> pl.DataFrame:
    assert not isinstance(table, ColumnarTable)
    frame = table.read(columns)
    if len(frame) != count:
        raise UserError(
            f"Of {count:,} lines {len(frame):,} rows were read: a row has several lines, or a "
            "line is blank.",
            where=f"{table.path}, lines from {table.first_row}",
            expected="a row in each line",
            remedy="Write the table as Parquet, or leave --engine spark out.",
        )
    return frame


@stage("survey")
def open_spark_table(spark: Any, source: str, format: TableFormat) -> SparkTable:
    """Look at the files of a source without reading their rows onto this machine.

    Args:
        spark: the session.
        source: a path or a URL that Spark reads: a file, or a folder of files of one kind.
        format: how text tables are written, where their content does not show it.

    Raises:
        UserError: the source cannot be read, or its text is not what Spark can cut into lines.
    """
    if format.encoding is not None:
        raise UserError(
            "--engine spark reads text in UTF-8 only.",
            where=f"--encoding {format.encoding}",
            remedy="Convert the files with iconv, or leave --engine spark out.",
        )
    files, urls, is_folder = list_files(spark, source)
    shown = {file: file if _is_local(urls[file]) else Path(_shown(urls[file])) for file in files}
    kinds = {file: kind_for_spark(shown[file], urls[file]) for file in files}
    is_columnar = {kind == PARQUET for kind in kinds.values()}
    if len(is_columnar) > 1:
        raise UserError(
            "--engine spark reads Parquet or text, not both from one folder.",
            where=source,
            expected="files of one kind",
            remedy="Keep the files of each kind in a folder of their own.",
        )
    with spark_errors(source):
        raw = read_raw(spark, [urls[file] for file in files], is_parquet=PARQUET in kinds.values())
        found = survey(raw, urls, is_text=PARQUET not in kinds.values())
    tables: list[FileTable] = []
    for file in files:
        _check_text(shown[file], found[file])
        tables.append(_opened(shown[file], kinds[file], found[file], format, raw))
    _check_quotes(raw, tables, [found[file] for file in files], kinds[files[0]], format, source)
    blocks, rows = {}, []
    for number, (file, table) in enumerate(zip(files, tables, strict=True)):
        skipped = table.first_row - 1
        begin = -skipped
        for block in found[file].blocks:
            blocks[block.key] = (number, begin)
            begin += block.rows
        rows.append(found[file].rows - skipped)
        if rows[-1] <= 0:
            raise header_only(shown[file])
    return SparkTable(source, tables, rows, is_folder, raw, blocks)


def _opened(file: Path, kind: str, found: Survey, format: TableFormat, raw: Any) -> FileTable:
    if kind == PARQUET:
        if not found.blocks:
            raise header_only(file)
        names = [name for name in raw.columns if not name.startswith("kit ")]
        return ColumnarTable(file, tuple(names))
    if not found.blocks or not found.head.strip():
        raise empty(file)
    head = found.head.removeprefix(b"\xef\xbb\xbf")
    if kind == ".jsonl":
        return JsonLinesTable(file, format, content=head)
    is_atomic = kind not in DELIMITED
    if is_atomic:
        return DelimitedTable(file, separator="\t", quoted=False, format=format, content=head)
    return DelimitedTable(file, separator=DELIMITED[kind], format=format, content=head)


def _check_text(file: Path, found: Survey) -> None:
    if found.bad is not None:
        line, byte = found.bad
        raise UserError(
            f"The file is not UTF-8: byte 0x{byte:02x}." if byte else "The file holds NUL bytes.",
            where=f"{file}, line {line + 1}",
            expected="text in UTF-8",
            remedy="Convert it with iconv, or leave --engine spark out and give --encoding.",
        )


def _check_quotes(
    raw: Any,
    tables: list[FileTable],
    found: list[Survey],
    kind: str,
    format: TableFormat,
    source: str,
) -> None:
    """Decide of all files whether quotes enclose cells; each quoted row has to be one line."""
    quoted = [
        number
        for number, (table, of_file) in enumerate(zip(tables, found, strict=True))
        if isinstance(table, DelimitedTable) and table.may_be_quoted and of_file.quoted is not None
    ]
    if not quoted:
        return
    if format.quote is None:
        blocks = {block.key: number for number in quoted for block in found[number].blocks}
        with spark_errors(source):
            looked = raw.select("kit key", "line").mapInArrow(
                _Quotes(blocks, tables), "found binary"
            )
            parts = [one for row in looked.collect() for one in pickle.loads(row.found)]
        for number in quoted:
            _decide_quotes(tables[number], found[number], parts)
    for number in quoted:
        table, odd = tables[number], found[number].odd
        assert isinstance(table, DelimitedTable)
        if table.dialect[1] is not None and odd is not None:
            raise UserError(
                "A quoted cell seems to hold a line break, which --engine spark does not read.",
                where=f"{table.path}, line {odd + 1}",
                expected="a row in each line",
                remedy="If quotes are part of the text, add --quote none; else write the table as "
                "Parquet, or leave --engine spark out.",
            )


def _decide_quotes(table: FileTable, found: Survey, parts: Sequence[Any]) -> None:
    assert isinstance(table, DelimitedTable)
    starts, begin = {}, 0
    for block in found.blocks:
        starts[block.key] = begin
        begin += block.rows
    mine = [(starts[key] + line, one) for key, line, one in parts if key in starts]
    # Of a cell over several lines the first line has a quote that opens.
    bad = [line + one.bad for line, one in mine if one.bad is not None]
    if not bad:
        table.enclose_cells('"')
        return
    fits = all(one.fits for _, one in mine)
    if fits and not any(one.is_enclosed for _, one in mine):
        table.enclose_cells(None)
        return
    first = min(bad)
    if found.odd == first and any(
        one.opens for line, one in mine if line + (one.bad or 0) == first
    ):
        table.enclose_cells('"')
        return
    raise stray_quote(table.path, first + 1, fits=fits)


class _Quotes:
    """Looks at the quotes of the lines of a task."""

    def __init__(self, blocks: dict[int, int], tables: Sequence[FileTable]) -> None:
        self._blocks = blocks
        self._forms = {}
        for number in {*blocks.values()}:
            table = tables[number]
            assert isinstance(table, DelimitedTable)
            self._forms[number] = (table.dialect[0], len(table.columns))

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        return on_executors(self._look)(batches)

    def _look(self, batches: Iterator[Any]) -> Iterator[Any]:
        found: list[Any] = []
        done: dict[int, int] = {}
        for batch in batches:
            for key, rows in runs(batch):
                begin = done.get(key, 0)
                done[key] = begin + len(rows)
                if key not in self._blocks:
                    continue
                content = b"\n".join(rows["line"].to_list()) + b"\n"
                if b'"' in content:
                    separator, width = self._forms[self._blocks[key]]
                    found.append((key, begin, quotes_of(content, separator, width)))
        yield packed([pickle.dumps(found)])


def _is_local(url: str) -> bool:
    return url.startswith("file://")


def _shown(url: str) -> str:
    return re.sub(r"^file:/+", "/", url)
