"""Tables by format: Parquet, JSON lines and delimited text."""

import copy
import io
import itertools
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import polars as pl

from kit.data._compression import start_of
from kit.data._delimited import DelimitedTable
from kit.data._dialect import DETECTED, TableFormat, detect_separator, sample_of
from kit.data._files import empty, header_only, read_text, require_regular_file, unreadable
from kit.data._frames import FrameTable
from kit.errors import UserError

_LINES_FOR_KEYS = 1000
_LONGEST_LINE = 1 << 24
_STARTS = {b'"': "string", b"-": "integer", b"t": "boolean", b"f": "boolean", b"{": "object"}
_STARTS |= {b"[": "list"} | {str(digit).encode(): "integer" for digit in range(10)}


class JsonLinesTable:
    """A .jsonl file. Values are read as text; `check_id_type` tells 1 from "1"."""

    first_row = 1
    typed_ids = True

    def __init__(
        self, path: Path, format: TableFormat = DETECTED, *, content: bytes | None = None
    ) -> None:
        self.path, self._first_line = path, 1
        self._content = read_text(path, format) if content is None else content
        self._check_lines()
        keys: dict[str, None] = {}
        for line, record in itertools.islice(self._records(), _LINES_FOR_KEYS):
            if not isinstance(record, dict):
                raise self._not_an_object(line)
            keys |= dict.fromkeys(record)
        self.columns = tuple(keys)

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        try:
            return pl.read_ndjson(
                io.BytesIO(self._content), schema=dict.fromkeys(columns, pl.String())
            )
        except pl.exceptions.PolarsError as error:
            for line, record in self._records():
                if not isinstance(record, dict):
                    raise self._not_an_object(line) from None
            raise UserError(
                f"The file does not parse: {str(error).splitlines()[0][:200]}",
                where=str(self.path),
                expected="one JSON object a line",
                remedy=f"jq -c . {shlex.quote(str(self.path))} > /dev/null names the line.",
            ) from None

    def read_parts(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        yield self.read(columns)

    def of_lines(self, lines: bytes, first_line: int) -> "JsonLinesTable":
        """Other lines of the same file, of which the first has this number."""
        table = copy.copy(self)
        table._content, table._first_line = lines, first_line
        table._check_lines()
        return table

    def check_id_type(self, column: str) -> str | None:
        """'integer' or 'string', the one JSON type of all values of the column.

        Raises:
            UserError: two types, or one that cannot be an id; names the line.
        """
        key = re.escape(json.dumps(column, ensure_ascii=False).encode())
        # Inside a JSON string the quotes around the key would be escaped, so a match is a key;
        # it may be one of a nested object, so a suspicion is confirmed by parsing the line.
        first = re.search(key + rb"\s*:\s*([^\sn])", self._content)
        if first is None:
            return None
        kind = _STARTS[first[1]]
        same = b"".join(start for start, other in _STARTS.items() if other == kind)
        suspicion = re.compile(key + rb"\s*:\s*[^\sn" + re.escape(same) + rb"]")
        kinds = {kind}
        if kind not in ("integer", "string") or suspicion.search(self._content):
            kinds.clear()
            for line, record in self._records():
                value = record.get(column) if isinstance(record, dict) else None
                if value is None:
                    continue
                kinds.add(_kind_of(value))
                if len(kinds) > 1 or not kinds <= {"integer", "string"}:
                    raise UserError(
                        f"Ids of mixed or unusable type: {json.dumps(value)} after {kind} ids.",
                        where=f"{self.path}, line {line}, column {column}",
                        expected="all ids strings, or all integers",
                        remedy="Write all ids of the column the same way.",
                    )
        return kinds.pop() if kinds else None

    def _records(self) -> Iterator[tuple[int, object]]:
        for number, line in enumerate(io.BytesIO(self._content), start=self._first_line):
            if line.strip():
                try:
                    yield number, json.loads(line, parse_constant=_refused)
                except (ValueError, RecursionError) as error:
                    raise self._no_json(number, error, is_first=number == 1) from None

    def _check_lines(self) -> None:
        """A line may hold an object of any size, which is built in memory."""
        start = 0
        while len(self._content) - start > _LONGEST_LINE:
            end = self._content.rfind(b"\n", start, start + _LONGEST_LINE + 1)
            if end < 0:
                raise UserError(
                    f"The line is longer than {_LONGEST_LINE >> 20} MiB.",
                    where=f"{self.path}, line {self._line(start)}",
                    expected="one JSON object a line",
                    remedy=self._one_a_line(),
                )
            start = end + 1

    def _line(self, place: int) -> int:
        return self._content.count(10, 0, place) + self._first_line

    def _one_a_line(self) -> str:
        file, new = shlex.quote(str(self.path)), shlex.quote(f"{self.path}.lines.jsonl")
        if self._content[:1] == b"[":
            return f"Write its objects one a line: jq -c '.[]' {file} > {new}"
        return f"Write its objects one a line: jq -c . {file} > {new}"

    def _no_json(self, line: int, error: Exception, *, is_first: bool) -> UserError:
        reason = "too deeply nested" if isinstance(error, RecursionError) else str(error)
        # An object or list over several lines ends its first line in the middle.
        several = is_first and self._content[:1] in (b"[", b"{") and self._content.count(b"\n") > 1
        return UserError(
            f"The line is not JSON: {reason}.",
            where=f"{self.path}, line {line}",
            expected="one JSON object a line",
            remedy=self._one_a_line() if several else "Correct the line.",
        )

    def _not_an_object(self, line: int) -> UserError:
        return UserError(
            "The line is not a JSON object.",
            where=f"{self.path}, line {line}",
            expected='one object a line, like {"user_id": "u1", "item_id": "i1"}',
            remedy=self._one_a_line() if line == 1 else "Correct the line.",
        )


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON; a missing value is null")


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    return {str: "string", float: "fraction", list: "list"}.get(type(value), "object")


# Some corrupt files make polars panic instead of raising an error of its own.
_CORRUPT = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


ROWS_AT_ONCE = 1 << 22


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does, whatever its name."""
    try:
        return start_of(path).startswith(b"PAR1")
    except OSError as error:
        raise unreadable(path, error) from None


class ParquetTable:
    """A .parquet file."""

    first_row = 1
    typed_ids = True

    def __init__(self, path: Path) -> None:
        self.path = path
        if require_regular_file(path).st_size == 0:
            raise empty(path)
        try:
            self.columns = tuple(pl.read_parquet_schema(path))
        except _CORRUPT as error:
            raise self._corrupt(error) from None
        except OSError as error:
            raise unreadable(path, error) from None

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        return pl.concat(self.read_parts(columns))

    def read_parts(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        try:
            scan = pl.scan_parquet(self.path, glob=False)
            rows = scan.select(pl.len()).collect().item()
            if not rows:
                raise header_only(self.path)
            for start in range(0, rows, ROWS_AT_ONCE):
                yield scan.select(columns).slice(start, ROWS_AT_ONCE).collect()
        except (*_CORRUPT, OSError) as error:
            raise self._corrupt(error) from None

    def check_id_type(self, column: str) -> str | None:
        return None

    def _corrupt(self, error: BaseException) -> UserError:
        return UserError(
            "The file is not a readable Parquet file.",
            where=str(self.path),
            expected=f"Parquet ({str(error).splitlines()[0]})",
            remedy="Write or fetch it again.",
        )


DELIMITED = {".csv": ",", ".tsv": "\t", ".txt": "\t", ".dat": ",", ".data": "\t"}
_ATOMIC = (".inter", ".item", ".user")  # RecBole: tab-separated, never quoted, typed header
_OTHER = (".xlsx", ".xls", ".parquet")  # known, and read as nothing else
COMPRESSED = (".gz", ".xz", ".bz2", ".zip")
INTERACTION_SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet", ".inter")
"""Ends of the names of files that are read as tables."""


class HasColumns(Protocol):
    """A file whose columns are known."""

    path: Path
    columns: tuple[str, ...]


class Table(Protocol):
    """One opened file.

    Attributes:
        path: the file.
        columns: the names in its header.
        first_row: the number a person gives to the first row of data.
        typed_ids: whether ids tell integer from string (Parquet, JSON) or are text (CSV).
    """

    path: Path
    columns: tuple[str, ...]
    first_row: int
    typed_ids: bool

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        """The rows, only these columns."""
        ...

    def read_parts(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The same some million rows at a time, where the format allows it."""
        ...

    def check_id_type(self, column: str) -> str | None:
        """'integer' or 'string' where only the file can tell, None where the dtype does."""
        ...


def kind_of(path: Path) -> str:
    """The extension that says the format, without .gz and its like: `sales.csv.gz` is '.csv'."""
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if suffixes and suffixes[-1] in COMPRESSED:
        return suffixes[-2] if len(suffixes) == 2 else ""
    return suffixes[-1] if suffixes else ""


def stem_of(path: Path) -> str:
    """The name without its extensions: `train.tsv.gz` is 'train'."""
    is_compressed = path.suffix.lower() in COMPRESSED
    return Path(path.stem if is_compressed else path.name).stem


def is_table(path: Path) -> bool:
    """Whether a file of a folder holds interactions, by its name."""
    return kind_of(path) in INTERACTION_SUFFIXES and not path.name.startswith((".", "_"))


def open_table(path: Path | FrameTable, format: TableFormat = DETECTED) -> Table:
    """Open a file by its extension; one that says no format, by its content.

    Args:
        path: the file, or a table in memory.
        format: how text tables are written, where their content does not show it.

    Raises:
        UserError: no known format, or the file cannot be read.
    """
    if isinstance(path, FrameTable):
        return path
    kind = kind_of(path)
    require_regular_file(path)
    if (kind == ".parquet" and path.suffix.lower() not in COMPRESSED) or is_parquet(path):
        return ParquetTable(path)
    if kind in DELIMITED:
        return DelimitedTable(path, separator=DELIMITED[kind], format=format)
    if kind in _ATOMIC:
        return DelimitedTable(path, separator="\t", quoted=False, format=format)
    if kind == ".jsonl":
        return JsonLinesTable(path, format)
    if kind not in _OTHER:
        content = read_text(path, format)
        sample = sample_of(content)
        if sample.startswith(("{", "[")):
            return JsonLinesTable(path, format)
        if format.separator or detect_separator(sample, ","):
            return DelimitedTable(path, separator=",", format=format, content=content)
    raise UserError(
        f"Files that end in '{path.suffix}' are not understood.",
        where=str(path),
        expected=".csv, .tsv, .txt, .jsonl (each also compressed), .parquet, .inter",
        remedy="Rename or convert the file.",
    )
