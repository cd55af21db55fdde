"""Tables for the terminal."""

import re
from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import Protocol

NUMBER = re.compile(r"[-+.,%\de ]*|nan")
COMPARED = ("NDCG@10", "Recall@10", "Hit@10", "Coverage@10")


class Evaluated(Protocol):
    """What is compared: an evaluation's means and intervals."""

    def summary(self) -> dict[str, float]: ...

    def intervals(self) -> dict[str, tuple[float, float]]: ...


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; columns of numbers are aligned right.

    Args:
        title: above the table.
        columns: headings.
        rows: cells as text.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="")
    for place, column in enumerate(columns):
        is_number = all(NUMBER.fullmatch(row[place]) for row in rows)
        table.add_column(column, justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*row)
    # Titles are the user's words: "[deluxe]" and ":smile:" are not ours to interpret.
    Console(markup=False, emoji=False).print(table)


def print_comparison(
    protocol: str,
    results: Mapping[str, Evaluated],
    left_out: Mapping[str, str],
    metrics: Sequence[str] = COMPARED,
) -> None:
    """Print one row a system, with the interval of the first metric.

    Args:
        protocol: how it was measured; printed above.
        results: evaluations by name; "-" stands where there was nobody to measure by.
        left_out: names and reasons of what was not run; printed below.
        metrics: which.
    """
    rows = []
    for name, result in results.items():
        means = result.summary()
        low, high = result.intervals().get(metrics[0], (nan, nan))
        cells = ["-" if isnan(means[m]) else f"{means[m]:.4f}" for m in metrics]
        rows.append([name, cells[0], "-" if isnan(low) else f"{low:.4f}-{high:.4f}", *cells[1:]])
    print_table(protocol, ["", metrics[0], "95 %", *metrics[1:]], rows)
    for name, reason in left_out.items():
        print(f"{name} left out: {reason}")
