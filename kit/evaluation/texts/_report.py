"""What a report on a classifier of texts tells."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from kit.data.texts import TextData
from kit.evaluation._class_facts import (
    confusions,
    counts_of_parts,
    of_classes,
    part_facts,
)
from kit.evaluation._class_predictions import ClassPredictions
from kit.evaluation._run_info import ComparisonReport
from kit.evaluation._write_report import Report
from kit.evaluation.texts._page import text_page
from kit.models import TextClassifier
from kit.tokenizers import TokenIds, Tokenizer

PARTS = ("train", "valid", "test")


@dataclass(frozen=True, kw_only=True)
class TextReport(ComparisonReport[ClassPredictions]):
    """Everything a report on a classifier of texts is made from, see `ComparisonReport`.

    Args:
        data: the split texts.
        classifier: the model itself, for the words that mattered.
        tokenizer: of the model.
        numbers: part to its texts as the model takes them.
        length: maximum tokens of a text.
    """

    data: TextData
    classifier: TextClassifier
    tokenizer: Tokenizer
    numbers: dict[str, TokenIds]
    length: int


def text_report(report: TextReport) -> Report:
    """The report of a text classifier."""
    facts = text_facts(report)
    return Report(facts, lambda: text_page(report, facts), report.history)


def text_facts(report: TextReport) -> dict[str, Any]:
    """What metrics.json holds: plain values, null where a number does not exist."""
    data = report.data
    content = {
        "test": part_facts(text_protocol(data, "test"), report.test, "texts"),
        "valid": part_facts(text_protocol(data, "valid"), report.valid, "texts"),
        "of_classes": of_classes(data.classes, report.test, "texts"),
        "confusions": confusions(data.classes, report.test),
        "cost": {
            "weights": report.classifier.count_params(),
            "pieces_known": report.tokenizer.size,
        },
        "data": _data(report),
    }
    return report.facts(content)


def text_protocol(data: TextData, part: str) -> str:
    """How a part is measured, in a line."""
    return (
        f"{part}, {len(getattr(data, part)):,} texts of {len(data.classes)} classes; "
        f"split {data.split}"
    )


def _data(report: TextReport) -> dict[str, Any]:
    data = report.data
    labels = {part: getattr(data, part).labels for part in PARTS}
    lengths = report.numbers["train"].lengths
    return {
        "name": data.name,
        "texts_read": data.texts_read,
        **counts_of_parts(data.classes, labels),
        "pieces_of_a_text": float(np.median(lengths)),
        "share_cut_off": float(np.mean(lengths >= report.length)),
        "cleaning": [{"dropped": step.name, "rows": step.rows} for step in data.cleaning],
        "split": data.split,
        "licence": data.licence,
    }
