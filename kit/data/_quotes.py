"""Whether quotes of a text table enclose cells, or are part of the text."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kit.errors import UserError

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
    cell = rb'(?:^|%s)"(?:[^"\n]|"")*"(?=%s|\r?$)' % (re.escape(sign), re.escape(sign))
    enclosed = re.search(cell, content, re.MULTILINE)
    if fits and not enclosed:
        return False
    raise UserError(
        "A stray quote: it neither encloses a cell nor is doubled inside of one.",
        where=f"{path}, line {_line(content, bad, first_line)}",
        expected='cells enclosed in quotes, with quotes inside doubled: "7"" single"',
        remedy="If quotes are part of the text, add --quote none"
        if fits
        else f"Correct the line: sed -n {_line(content, bad, first_line)}p "
        f"{shlex.quote(str(path))} shows it.",
    )


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
