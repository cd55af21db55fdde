"""Comma- and tab-separated files: every cell is text."""

import copy
import csv
import io
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from kit.data._columns import COMMON_NAMES
from kit.data._dialect import (
    DETECTED,
    TableFormat,
    data_columns,
    declared_separator,
    detect_separator,
    is_data,
    quoting_of,
    rows_of,
    sample_of,
)
from kit.data._files import header_only, read_text
from kit.errors import UserError

# Stands for a separator of several characters; a control character that no text has.
_UNIT = "\x1f"
_LONGEST_HEADER = 1 << 20
BYTES_AT_ONCE = 1 << 26


class DelimitedTable:
    """A .csv or .tsv file, or one of RecBole's atomic files.

    Cells are not interpreted: an id "007" stays "007". An empty cell is null.

    Args:
        path: the file.
        separator: of cells, where neither the format nor the content says another.
        quoted: whether cells may be in quotes at all.
        format: how the table is written, where its content does not show it.
        content: what `read_text` gives of the file, if it was read already.

    Raises:
        UserError: it cannot be read, or is no table; names the line.
    """

    typed_ids = False

    def __init__(
        self,
        path: Path,
        *,
        separator: str,
        quoted: bool = True,
        format: TableFormat = DETECTED,
        content: bytes | None = None,
    ) -> None:
        self.path = path
        self._content = read_text(path, format) if content is None else content
        self._first_line = 1
        blank = len(self._content) - len(self._content.lstrip(b"\n"))
        self._skip(blank, blank)
        if declared := declared_separator(self._content):
            separator = declared[0]
            self._skip(declared[1], 1)
        if format.quote is not None:
            quoted = format.quote == "double"
        self.may_be_quoted = quoted
        sample = sample_of(self._content)
        end = self._content.find(b"\n")
        length = end if end >= 0 else len(self._content)
        if length > _LONGEST_HEADER:
            raise UserError(
                f"The first line has {length:,} bytes.",
                where=f"{path}, line {self._first_line}",
                expected="a line of column names",
                remedy="Check that the file is a table, and that its rows are lines.",
            )
        if format.separator is not None:
            separator = format.separator
        elif not declared:
            separator = detect_separator(sample, separator, quoted=quoted) or separator
        rows = rows_of(sample, separator, quoted)
        self._given_separator = self._separator = separator
        if len(separator) > 1:
            self._content = self._content.replace(separator.encode(), _UNIT.encode())
            self._separator = _UNIT
        self._quote = None
        width = len(rows[0]) if rows else 1
        if format.quote == "double" or (
            quoted
            and format.quote is None
            and quoting_of(self._content, self._separator, width, path, self._first_line)
        ):
            self._quote = '"'
        names = self._parse(has_header=False, n_rows=1).row(0)
        self._has_header = format.header is not False
        if self._has_header:
            self.columns = tuple("" if name is None else str(name).strip() for name in names)
            if format.header is None and is_data(rows, COMMON_NAMES):
                raise self._no_header(rows)
        else:
            self.columns = tuple(str(number) for number in range(1, len(names) + 1))
        self.first_row = self._first_line + self._has_header

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        for column in columns:
            if self.columns.count(column) > 1:
                raise UserError(
                    f"The header names column '{column}' {self.columns.count(column)} times.",
                    where=f"{self.path}, line {self._first_line}",
                    remedy="Rename one of them.",
                )
        places = sorted({self.columns.index(column) for column in columns})
        frame = self._parse(has_header=self._has_header, columns=places)
        frame.columns = [self.columns[place] for place in places]
        if frame.is_empty():
            raise header_only(self.path)
        return frame.select(columns)

    def read_parts(
        self, columns: Sequence[str], size: int = BYTES_AT_ONCE
    ) -> Iterator[pl.DataFrame]:
        """The rows, those of about so many bytes at a time."""
        start, line = 0, self._first_line
        if self._has_header:
            start = self._end_of_row(0)
            line += self._content.count(b"\n", 0, start)
        if start >= len(self._content):
            yield self.read(columns)
        while start < len(self._content):
            end = self._end_of_row(start, size)
            yield self.of_lines(self._content[start:end], line).read(columns)
            line += self._content.count(b"\n", start, end)
            start = end

    def _end_of_row(self, start: int, size: int = 0) -> int:
        """Behind the line end of a row, the first one at `size` bytes from its start or later."""
        end = min(start + size, len(self._content))
        quotes = 0 if self._quote is None else self._content.count(b'"', start, end)
        while end < len(self._content):
            stop = self._content.find(b"\n", end) + 1 or len(self._content)
            if self._quote is not None:
                quotes += self._content.count(b'"', end, stop)
            end = stop
            if quotes % 2 == 0:
                break
        return end

    def check_id_type(self, column: str) -> str | None:
        return None

    def of_lines(self, lines: bytes, first_line: int) -> "DelimitedTable":
        """Other rows of the same table.

        Args:
            lines: of data, in UTF-8.
            first_line: the number of the first of them in the file.
        """
        table = copy.copy(self)
        if self._separator == _UNIT and self._given_separator.encode() in lines:
            lines = lines.replace(self._given_separator.encode(), _UNIT.encode())
        # A header of as many cells tells how many the rows may have.
        header = self._separator.join(map(str, range(len(self.columns)))).encode()
        table._content, table._has_header = header + b"\n" + lines, True
        table._first_line = first_line - 1
        return table

    def enclose_cells(self, sign: str | None) -> None:
        """Cells are enclosed in this sign, or quotes are text."""
        self._quote = sign

    @property
    def dialect(self) -> tuple[str, str | None]:
        """The separator of the file and the sign that encloses cells, or None."""
        return self._given_separator, self._quote

    def _skip(self, size: int, lines: int) -> None:
        if size:
            self._content = self._content[size:]
            self._first_line += lines

    def _parse(
        self,
        *,
        has_header: bool,
        n_rows: int | None = None,
        columns: list[int] | None = None,
    ) -> pl.DataFrame:
        try:
            return pl.read_csv(
                io.BytesIO(self._content),
                separator=self._separator,
                quote_char=self._quote,
                has_header=has_header,
                n_rows=n_rows,
                columns=columns,
                infer_schema=False,
            )
        except pl.exceptions.PolarsError as error:
            raise self._malformed(str(error).splitlines()[0]) from None

    def _malformed(self, reason: str) -> UserError:
        """The first row with more cells than the first, which polars does not name."""
        text = io.TextIOWrapper(io.BytesIO(self._content), encoding="utf-8", newline="")
        csv.field_size_limit(max(csv.field_size_limit(), len(self._content)))
        reader = csv.reader(
            text,
            delimiter=self._separator,
            quoting=csv.QUOTE_MINIMAL if self._quote else csv.QUOTE_NONE,
        )
        width, line = 0, self._first_line
        for row in reader:
            width = width or len(row)
            if len(row) > width:
                return UserError(
                    f"The row has {len(row)} cells, the first row has {width}.",
                    where=f"{self.path}, line {line}",
                    expected="the same number of cells in every row"
                    + (" (a cell with a separator in it is put in quotes)" * (not self._quote)),
                    remedy=f"Correct the line: {self._show(line)}",
                )
            line = self._first_line + reader.line_num
        return UserError(
            f"The file does not parse: {reason}",
            where=str(self.path),
            expected="the same number of cells in every row, quotes closed",
            remedy="Correct the row, or write the table as Parquet.",
        )

    def _show(self, line: int) -> str:
        return f"sed -n {line}p {shlex.quote(str(self.path))} shows it."

    def _no_header(self, rows: list[list[str]]) -> UserError:
        guess = " ".join(f"--{role}-column {n}" for role, n in data_columns(rows).items())
        return UserError(
            f"The first row is data, not names of columns: {', '.join(rows[0][:6])[:80]}.",
            where=f"{self.path}, line {self._first_line}",
            expected="a first row that names the columns",
            remedy=f"Add --no-header and name columns by number, as in: --no-header {guess}; if it "
            "does name the columns, --header.",
        )
