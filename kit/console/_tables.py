"""Tables in the terminal."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from math import isnan, nan
from typing import TYPE_CHECKING, Protocol

from kit.console._terminal import echo, visible

if TYPE_CHECKING:
    from kit.exports import SignatureCheck

NUMBER = re.compile(r"[-+.,%\de ]*|nan")
COMPARED = ("NDCG@10", "Recall@10", "Hit@10", "Coverage@10")
"""Metrics in the table that compares a model with its baselines."""
# What a box adds to the width: a border and two blanks for each column, and the last border.
_OF_COLUMN, _OF_TABLE = 3, 1


class Evaluated(Protocol):
    """What is compared: an evaluation's means and intervals."""

    def summary(self) -> dict[str, float]: ...

    def intervals(self) -> dict[str, tuple[float, float]]: ...


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; columns of numbers are aligned right.

    On a terminal it has a box and fits the width: cells are wrapped between words, and columns that
    do not fit go into a second table below. Elsewhere it has aligned lines without a box, one a
    row, however long.

    Args:
        title: above the table.
        columns: headings.
        rows: cells as text.
    """
    headings = [visible(column) for column in columns]
    cells = [[visible(cell) for cell in row] for row in rows]
    right = [all(NUMBER.fullmatch(row[place]) for row in cells) for place in range(len(columns))]
    if sys.stdout.isatty():
        _print_boxes(visible(title), headings, cells, right)
        return
    from rich.cells import cell_len

    if title:
        echo(title)
    widths = [max(map(cell_len, column)) for column in zip(headings, *cells, strict=True)]
    for line in [headings, *cells] if any(headings) else cells:
        padding = [" " * (w - cell_len(cell)) for cell, w in zip(line, widths, strict=True)]
        padded = [
            blank + cell if is_number else cell + blank
            for cell, blank, is_number in zip(line, padding, right, strict=True)
        ]
        echo("  ".join(padded).rstrip())


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print tab-separated values with a header, for other programs; tabs in cells are escaped."""
    for line in (columns, *rows):
        # The separator is the only control character in a line.
        sys.stdout.write("\t".join(map(visible, line)) + "\n")


def print_comparison(
    protocol: str,
    results: Mapping[str, Evaluated],
    left_out: Mapping[str, str],
    metrics: Sequence[str] = COMPARED,
    notes: Sequence[str] = (),
) -> None:
    """Print one row a system, with the interval of the first metric.

    Args:
        protocol: how it was measured; printed above.
        results: evaluations by name; "-" stands where there was nobody to measure by.
        left_out: names and reasons of what was not run; printed below.
        metrics: which.
        notes: sentences printed below the table.
    """
    print_table(protocol, *comparison_rows(results, metrics))
    for note in notes:
        echo(note)
    for name, reason in left_out.items():
        echo(f"{name} left out: {reason}")


def comparison_rows(
    results: Mapping[str, Evaluated], metrics: Sequence[str]
) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of a comparison, a row for each system."""
    rows = []
    for name, result in results.items():
        means = result.summary()
        low, high = result.intervals().get(metrics[0], (nan, nan))
        cells = ["-" if isnan(means[m]) else f"{means[m]:.4f}" for m in metrics]
        rows.append([name, cells[0], "-" if isnan(low) else f"{low:.4f}-{high:.4f}", *cells[1:]])
    return ["", metrics[0], "95 %", *metrics[1:]], rows


def _print_boxes(
    title: str, headings: list[str], cells: list[list[str]], right: list[bool]
) -> None:
    from rich.console import Console
    from rich.table import Table

    # Titles are the user's words: "[deluxe]" and ":smile:" are not ours to interpret.
    console = Console(markup=False, emoji=False, highlight=False)
    if title:
        console.print(title)
    width = console.width
    least = [_longest_word([head, *(row[p] for row in cells)]) for p, head in enumerate(headings)]
    for places in _blocks(least, width):
        table = Table(show_header=any(headings))
        natural = [
            max(_cells(headings[place]), *(_cells(row[place]) for row in cells), 1)
            if cells
            else max(1, _cells(headings[place]))
            for place in places
        ]
        room = width - _OF_TABLE - _OF_COLUMN * len(places)
        for place, fitted in zip(
            places, _fitted(natural, [least[p] for p in places], room), strict=True
        ):
            table.add_column(
                headings[place],
                justify="right" if right[place] else "left",
                width=fitted,
                overflow="fold",
            )
        for row in cells:
            table.add_row(*(row[place] for place in places))
        console.print(table)


def _blocks(least: Sequence[int], width: int) -> Iterator[list[int]]:
    """Columns of each table, the first one in all; as many as fit with their longest words."""
    block = [0]
    for place in range(1, len(least)):
        needed = sum(least[p] + _OF_COLUMN for p in [*block, place]) + _OF_TABLE
        if needed > width and len(block) > 1:
            yield block
            block = [0]
        block.append(place)
    yield block


def _fitted(natural: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths that sum up to the room: the widest become narrower, none below its longest word."""
    widths = list(natural)
    while sum(widths) > room:
        shrinkable = [place for place, width in enumerate(widths) if width > least[place]]
        if not shrinkable:
            break
        widths[max(shrinkable, key=widths.__getitem__)] -= 1
    return widths


def _longest_word(texts: Sequence[str]) -> int:
    """Cells of the longest word; writing without blanks, in wide characters, breaks anywhere."""
    words = [word for text in texts for word in text.split()]
    return max((_cells(w) if _cells(w) == len(w) else 2 for w in words), default=1)


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


COUNTED = ("no loader", "one loader", "two loaders", "three loaders")


def verified(checks: "Sequence[SignatureCheck]") -> str:
    """The line that ends a recipe's export.

    Args:
        checks: the passed ones, with the reason where a loader cannot load the export at all.
    """
    signatures = {check.signature for check in checks}
    loaders = {check.loader for check in checks if not check.reason}
    reasons = sorted({f"; {check.loader}: {check.reason}" for check in checks if check.reason})
    number = len(signatures)
    noun, verb = ("signatures", "answer") if number > 1 else ("signature", "answers")
    by = COUNTED[len(loaders)]
    return f"verify:    {number} {noun} {verb} as the live model does, by {by}{''.join(reasons)}"
