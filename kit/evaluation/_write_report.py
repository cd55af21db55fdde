"""Write a report to its folder."""

import csv
import io
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from kit.errors import UserError
from kit.evaluation._classification_page import classification_page
from kit.evaluation._classification_report import ClassificationReport, classification_facts
from kit.evaluation._report import RankingReport
from kit.evaluation._report_numbers import as_json, numbers_of
from kit.evaluation._report_page import report_page
from kit.progress import stage


@stage("report")
def write_report(report: RankingReport, folder: Path) -> dict[str, Any]:
    """Write metrics.json, history.csv and report.html.

    Everything is made in a folder beside and then moved, so that nobody finds half a report; files
    of an older report are replaced, other files of the folder (TensorBoard logs) stay.

    Args:
        report: what is told.
        folder: where; made if it does not exist.

    Returns:
        What metrics.json holds.

    Raises:
        UserError: the folder cannot be written.
    """
    numbers = numbers_of(report)
    facts = as_json(report, numbers)
    write_files(report.history, report_page(report, numbers, facts), facts, folder)
    return facts


@stage("report")
def write_classification_report(report: ClassificationReport, folder: Path) -> dict[str, Any]:
    """Write metrics.json, history.csv and report.html of a ranking model, see `write_report`.

    Args:
        report: what is told.
        folder: where; made if it does not exist.

    Returns:
        What metrics.json holds.

    Raises:
        UserError: the folder cannot be written.
    """
    facts = classification_facts(report)
    write_files(report.history, classification_page(report, facts), facts, folder)
    return facts


def write_files(
    history: list[dict[str, float]], page: str, facts: dict[str, Any], folder: Path
) -> None:
    """Write the three files of a report, see `write_report`.

    Args:
        history: rows of history.csv.
        page: report.html.
        facts: what metrics.json holds.
        folder: where.

    Raises:
        UserError: the folder cannot be written.
    """
    contents = {
        "history.csv": _history(history),
        "report.html": page,
        # Last, so that new metrics mean a whole new report.
        "metrics.json": json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
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


def _history(rows: list[dict[str, float]]) -> str:
    text = io.StringIO()
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
