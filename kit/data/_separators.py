"""What separates the cells of a text table, and whether its first row names the columns."""

import csv
import io
import re
from collections.abc import Sequence

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
