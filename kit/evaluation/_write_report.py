"""Write a report to its folder."""

import csv
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.errors import UserError
from kit.evaluation._classification_page import classification_page
from kit.evaluation._classification_report import ClassificationReport, classification_facts
from kit.evaluation._report import RankingReport
from kit.evaluation._report_numbers import as_json, numbers_of
from kit.evaluation._report_page import report_page
from kit.progress import stage


@dataclass(frozen=True)
class Report:
    """Numbers of a run and the page that shows them.

    Args:
        facts: what metrics.json holds.
        page: renders report.html.
        history: rows of history.csv.
    """

    facts: dict[str, Any]
    page: Callable[[], str]
    history: list[dict[str, float]]

    @stage("report")
    def save(self, folder: Path | str) -> None:
        """Write metrics.json, history.csv and report.html.

        Everything is made in a folder beside and then moved, so that nobody finds half a report;
        files of an older report are replaced, other files of the folder (TensorBoard logs) stay.

        Args:
            folder: where; made if it does not exist.

        Raises:
            UserError: the folder cannot be written.
        """
        contents = {
            "history.csv": _history(self.history),
            "report.html": self.page(),
            # Last, so that new metrics mean a whole new report.
            "metrics.json": json.dumps(self.facts, indent=2, ensure_ascii=False, allow_nan=False)
            + "\n",
        }
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.absolute().parent))
            try:
                for name, text in contents.items():
                    (beside / name).write_text(text, encoding="utf-8")
                for name in contents:
                    os.replace(beside / name, folder / name)
            finally:
                shutil.rmtree(beside)
        except OSError as error:
            raise UserError(
                f"The report cannot be written: {error.strerror or error}.",
                where=str(folder),
                expected="a folder that can be written",
                remedy="Name another: --report FOLDER",
            ) from error


def ranking_report(report: RankingReport) -> Report:
    """The report of a recommender."""
    numbers = numbers_of(report)
    facts = as_json(report, numbers)
    return Report(facts, lambda: report_page(report, numbers, facts), report.history)


def classification_report(report: ClassificationReport) -> Report:
    """The report of a model of a table's labels."""
    facts = classification_facts(report)
    return Report(facts, lambda: classification_page(report, facts), report.history)


def _history(rows: list[dict[str, float]]) -> str:
    text = io.StringIO()
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
