"""What a model reaches, as `kit.evaluate` returns it."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.console import comparison_rows
from kit.pipeline import Recipe
from kit.tasks import Comparison, Run, Task

if TYPE_CHECKING:
    from kit.report import Report


@dataclass
class Session:
    """What `fit`, `evaluate` and `export` share of a model."""

    recipe: Recipe
    options: Any
    task: Task
    run: Run


class Result:
    """What a model reaches on test, beside the baselines.

    Attributes:
        metrics: name to value, of the model on test.
        intervals: name to the ends of its 95 % interval.
        baselines: name to metrics.
        protocol: how it was measured, in a line.
        history: of the training.
    """

    def __init__(self, session: Session, results: Any) -> None:
        self.session, self.results = session, results
        self.report: Report = session.task.report(session.run, results)
        self.tables = session.task.tables(session.run, results, self.report.facts)
        self.protocol = self.tables[0].title
        self.history = session.run.history
        first = self.tables[0]
        self.metrics: dict[str, float] = {}
        self.intervals: dict[str, tuple[float, float]] = {}
        self.baselines: dict[str, dict[str, float]] = {}
        if isinstance(first, Comparison):
            (_, own), *others = first.systems.items()
            self.metrics, self.intervals = own.summary(), own.intervals()
            self.baselines = {name: system.summary() for name, system in others}
        else:
            names = first.columns[1:]
            self.metrics = dict(zip(names, map(float, first.rows[-1][1:]), strict=True))

    def save(self, folder: str | Path) -> None:
        """Write report.html, metrics.json and history.csv."""
        self.report.save(folder)

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Headings and cells of the first table."""
        first = self.tables[0]
        if isinstance(first, Comparison):
            return comparison_rows(first.systems, first.metrics)
        return list(first.columns), [list(row) for row in first.rows]

    def __repr__(self) -> str:
        columns, rows = self.rows()
        widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in (columns, *rows)
        ]
        return "\n".join([self.protocol, *lines])

    def _repr_html_(self) -> str:
        columns, rows = self.rows()
        head = "".join(f"<th>{escape(name)}</th>" for name in columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
        )
        caption = f"<caption>{escape(self.protocol)}</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
