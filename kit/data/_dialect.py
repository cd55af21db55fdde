"""How text tables are written: separator, quotes, header, encoding."""

import csv
import io
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kit.data._encoding import check_encoding
from kit.errors import UserError

_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}


@dataclass(frozen=True)
class TableFormat:
    """How text tables are written, where their content does not show it.

    Args:
        separator: between cells: characters, or tab, comma, semicolon, pipe or space; None is
            detected.
        encoding: of files that are not UTF-8, such as "windows-1252"; None is UTF-8, or UTF-16 or
            UTF-32 where the file shows it.
        header: whether the first row names the columns; without, they are "1", "2" and so on.
            None is True, but a first row that is certainly data is an error.
        quote: "double" if cells may be in double quotes, "none" if quotes are text; None is
            detected.

    Raises:
        UserError: no such encoding, or a separator that cannot be one.

    Example:

    >>> TableFormat(separator="tab").separator
    '\\t'
    """

    separator: str | None = None
    encoding: str | None = None
    header: bool | None = None
    quote: Literal["double", "none"] | None = None

    def __post_init__(self) -> None:
        if self.separator is not None:
            separator = _NAMED.get(self.separator, self.separator)
            if not separator or set(separator) & set('"\r\n') or not separator.isascii():
                raise UserError(
                    f"{self.separator!r} cannot separate cells.",
                    where="--separator",
                    expected="a character such as ; or |, or tab, comma, semicolon, pipe, space",
                )
            object.__setattr__(self, "separator", separator)
        if self.encoding is not None:
            object.__setattr__(self, "encoding", check_encoding(self.encoding, "--encoding"))

    def of_features(self) -> "TableFormat":
        """The same for tables of items and users, which may be written in another way."""
        return replace(self, header=None)


DETECTED = TableFormat()


SEPARATORS = (",", ";", "\t", "|", "::")
_ROWS = 200
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?")
_HINT = re.compile(rb"sep=(.)\r?\n")  # of a spreadsheet program


def sample_of(content: bytes, size: int = 1 << 18) -> str:
    """The first whole lines of a text."""
    if len(content) > size:
        end = content.rfind(b"\n", 0, size) + 1 or content.find(b"\n", size) + 1
        content = content[: end or size]
    return content.decode(errors="replace")


def declared_separator(content: bytes) -> tuple[str, int] | None:
    """The separator of a first line `sep=;` and how long this line is, or None."""
    found = _HINT.match(content)
    return (found[1].decode(), found.end()) if found else None


def rows_of(sample: str, separator: str, quoted: bool) -> list[list[str]]:
    """The first rows, as cells."""
    if len(separator) > 1 or not quoted:
        lines = [line for line in sample.split("\n")[:_ROWS] if line]
        return [line.rstrip("\r").split(separator) for line in lines]
    rows = []
    try:
        for row in csv.reader(io.StringIO(sample, newline=""), delimiter=separator):
            if row:
                rows.append(row)
            if len(rows) == _ROWS:
                break
    except csv.Error:
        pass
    return rows


def detect_separator(sample: str, usual: str, *, quoted: bool = True) -> str | None:
    """The separator of a table, or None where it has one column or no separator fits.

    It stands in the first row, and most rows have as many cells as the first.

    Args:
        sample: the first lines.
        usual: of a file of this name; it wins where another fits as well.
        quoted: whether cells may be in quotes.

    Example:

    >>> detect_separator("user;item;rating\\nu1;i1;3,5\\nu2;i1;4,0\\n", usual=",")
    ';'
    """
    best, most = None, (0.0, 0, False)
    for separator in SEPARATORS:
        if separator not in sample:
            continue
        for reading in {quoted, False}:
            rows = rows_of(sample, separator, reading)
            width = len(rows[0]) if rows else 0
            if width < 2 or (separator == "::" and len(rows) < 2):
                continue
            alike = sum(len(row) == width for row in rows) / len(rows)
            fit = (min(alike, 0.95) if alike > 0.5 else 0.0, width, separator == usual)
            if alike > 0.5 and fit > most:
                best, most = separator, fit
    return best


def is_data(rows: Sequence[Sequence[str]], names: frozenset[str]) -> bool:
    """Whether the first row is certainly one of data, not of names.

    Of data is a row in which no cell is a common name of a column, and either a value comes again
    further down in its column, or a number stands above numbers only (unless the numbers count
    the columns, or are years).

    Args:
        rows: the first rows.
        names: common names of columns, in lower case, letters and digits only.

    Example:

    >>> is_data([["196", "242", "881250949"], ["186", "302", "891717742"]], frozenset(["user"]))
    True
    """
    first = [cell.strip() for cell in rows[0]]
    below = [row for row in rows[1:] if len(row) == len(first) and list(row) != list(rows[0])]
    if not below or any(re.sub(r"[\W_]", "", cell.lower()) in names for cell in first):
        return False
    columns = [[row[place].strip() for row in below] for place in range(len(first))]
    numbers = [cell for cell in first if _NUMBER.fullmatch(cell)]
    whole = [int(cell) for cell in numbers if cell.isdigit()]
    if len(whole) == len(numbers) > 0:
        counts = len(whole) > 1 and whole == list(range(whole[0], whole[0] + len(whole)))
        if (counts and whole[0] < 2) or all(1900 <= number <= 2100 for number in whole):
            return False
    if any(
        cell and _NUMBER.fullmatch(cell) and all(map(_NUMBER.fullmatch, filter(None, column)))
        for cell, column in zip(first, columns, strict=True)
    ):
        return True
    return sum(cell in column for cell, column in zip(first, columns, strict=True) if cell) > 0


def data_columns(rows: Sequence[Sequence[str]]) -> dict[str, int]:
    """A guess at which column, from 1, is the user, the item and maybe the time of a log."""
    found = {"user": 1, "item": 2}
    for place in range(2, len(rows[0])):
        column = [row[place].strip() for row in rows if len(row) > place]
        if column and all(re.fullmatch(r"\d{9,16}(\.\d+)?", cell) for cell in column):
            found["time"] = place + 1
    return found


_BLOCK = 1 << 24
_QUOTE, _LINE_END = 34, 10
_CELLS_LOOKED_AT = 10_000


def quoting_of(content: bytes, separator: str, width: int, path: Path, first_line: int) -> bool:
    """Whether cells are enclosed in double quotes; otherwise quotes are part of the text.

    Quotes enclose cells where each opens at the beginning of a cell and closes at its end, with
    quotes inside doubled. A cell that then swallows whole rows is a stray quote and its next.

    Args:
        content: of the table, lines end in a line feed.
        separator: of the cells.
        width: number of columns.
        path: of the table, for errors.
        first_line: number of the first line of the content, for errors.

    Raises:
        UserError: quotes enclose cells of one row and are stray in another, or a cell holds what
            may be rows; names the line.
    """
    if b'"' not in content:
        return False
    sign = separator.encode()
    bad, inner_ends = _scan(content, sign)
    if bad is None:
        swallowing = _swallowing(content, sign, width, inner_ends)
        if swallowing is None:
            return True
        raise UserError(
            "A quoted cell holds whole rows: its quotes seem to be part of the text.",
            where=f"{path}, line {_line(content, swallowing, first_line)}",
            expected="quotes around a cell, and doubled inside of it, or none at all",
            remedy="If quotes are text, add --quote none; if the cell really holds several lines, "
            "--quote double.",
        )
    fits = _all_rows_fit(content, sign, width)
    if fits and not _has_enclosed(content, sign):
        return False
    raise stray_quote(path, _line(content, bad, first_line), fits=fits)


def stray_quote(path: Path, line: int, *, fits: bool) -> UserError:
    """The error of a quote that is none of a cell.

    Args:
        path: of the table.
        line: where it stands.
        fits: whether all rows have their cells if quotes are text.
    """
    return UserError(
        "A stray quote: it neither encloses a cell nor is doubled inside of one.",
        where=f"{path}, line {line}",
        expected='cells enclosed in quotes, with quotes inside doubled: "7"" single"',
        remedy="If quotes are part of the text, add --quote none"
        if fits
        else f"Correct the line: sed -n {line}p {shlex.quote(str(path))} shows it.",
    )


@dataclass(frozen=True)
class Quotes:
    """What some lines of a table say of its quotes.

    Args:
        bad: the line, from 0, of the first quote that neither encloses a cell nor is doubled.
        opens: whether that one begins a cell which does not end in its line.
        fits: whether each line has a cell for every column if quotes are text.
        is_enclosed: whether a cell is enclosed in quotes.
    """

    bad: int | None
    opens: bool
    fits: bool
    is_enclosed: bool


def quotes_of(content: bytes, separator: str, width: int) -> Quotes:
    """What whole lines of a table say of its quotes, see `quoting_of`."""
    sign = separator.encode()
    bad, _ = _scan(content, sign)
    opens = bad is not None and content[bad - 1 : bad] in (b"", b"\n", sign[:1])
    return Quotes(
        None if bad is None else _line(content, bad, 0),
        opens,
        _all_rows_fit(content, sign, width),
        _has_enclosed(content, sign),
    )


def _has_enclosed(content: bytes, sign: bytes) -> bool:
    cell = rb'(?:^|%s)"(?:[^"\n]|"")*"(?=%s|\r?$)' % (re.escape(sign), re.escape(sign))
    return re.search(cell, content, re.MULTILINE) is not None


def _scan(content: bytes, separator: bytes) -> tuple[int | None, list[int]]:
    """The place of the first quote that is wrong, and places of line ends inside of quotes."""
    signs = np.frombuffer(content, np.uint8)
    is_edge = np.zeros(256, bool)
    is_edge[[_LINE_END, 13, separator[0], _QUOTE]] = True
    count, inner = 0, []
    for start in range(0, len(signs), _BLOCK):
        block = signs[start : start + _BLOCK]
        places = np.flatnonzero(block == _QUOTE)
        if not len(places):
            if count % 2 and (end := content.find(b"\n", start, start + _BLOCK)) >= 0:
                inner.append(end)
            continue
        whole = places + start
        opening, closing = whole[count % 2 :: 2], whole[1 - count % 2 :: 2]
        wrong = []
        before = is_edge[signs[np.maximum(opening - 1, 0)]] | (opening == 0)
        after = is_edge[signs[np.minimum(closing + 1, len(signs) - 1)]]
        after |= closing == len(signs) - 1
        wrong += opening[~before][:1].tolist() + closing[~after][:1].tolist()
        if wrong:
            return min(wrong), inner
        if len(inner) < _CELLS_LOOKED_AT:
            ends = np.flatnonzero(block == _LINE_END)
            inside = (np.searchsorted(places, ends) + count) % 2 == 1
            inner += (ends[inside][:_CELLS_LOOKED_AT] + start).tolist()
        count += len(places)
    if count % 2:
        return content.rfind(b'"'), inner
    return None, inner


def _swallowing(content: bytes, separator: bytes, width: int, inner_ends: list[int]) -> int | None:
    """The place of the first cell of several lines, where the lines of all such cells are rows.

    Prose has a blank after a comma, and seldom as many separators as a row on each of its lines.
    """
    tight = re.compile(re.escape(separator) + (rb"(?! )" if separator != b" " else b""))
    first = None
    for start, end in _records(content, inner_ends):
        lines = content[start:end].split(b"\n")
        if any(len(tight.findall(line)) != width - 1 for line in lines):
            return None
        first = start if first is None else first
    return first


def _records(content: bytes, inner_ends: list[int]) -> Iterator[tuple[int, int]]:
    """Of rows with line ends inside of cells where they begin and end."""
    done = -1
    for place in inner_ends:
        if place < done:
            continue
        start = content.rfind(b"\n", 0, place) + 1
        end = content.find(b'"', place)
        # Beyond the quote that closes this cell, and the others of its row.
        while end >= 0 and content.count(b'"', start, end + 1) % 2:
            end = content.find(b'"', end + 1)
        stop = content.find(b"\n", end) if end >= 0 else -1
        while stop >= 0 and content.count(b'"', start, stop) % 2:
            stop = content.find(b"\n", stop + 1)
        done = len(content) if stop < 0 else stop
        yield start, done


def _all_rows_fit(content: bytes, separator: bytes, width: int) -> bool:
    """Whether each line has a cell for every column, quotes taken as text."""
    signs = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero(signs == _LINE_END)
    if not len(ends) or ends[-1] != len(signs) - 1:
        ends = np.append(ends, len(signs))
    starts = np.concatenate([[0], ends[:-1] + 1])
    between = _places(signs, separator)
    found = np.searchsorted(between, ends) - np.searchsorted(between, starts)
    return bool(((found == width - 1) | (ends - starts <= 1)).all())


def _places(signs: NDArray[np.uint8], separator: bytes) -> NDArray[np.int64]:
    return np.flatnonzero(signs == separator[0])


def _line(content: bytes, place: int, first_line: int) -> int:
    return content.count(b"\n", 0, place) + first_line
