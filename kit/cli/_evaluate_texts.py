"""Measuring the exports of recipes for texts."""

from pathlib import Path
from typing import Any

from kit.cli._evaluate_classes import evaluate_classes
from kit.cli._measured import Metrics
from kit.cli._read_again import read_again
from kit.console import TextOptions, quiet_tensorflow


def evaluate_texts(version: Path, card: dict[str, Any], source: str | None, trust: bool) -> Metrics:
    """The measures of an exported classifier.

    Args:
        version: folder of the export.
        card: of the export.
        source: other data than it was trained on.
        trust: load it whatever it could do.

    Raises:
        UserError: the source cannot be read, or has a class that the model does not know.
    """
    dataset = read_again(TextOptions(**card["data"]), source, lambda o: o.split_of(o.open()))
    quiet_tensorflow()
    from kit.evaluation.texts import text_protocol

    return evaluate_classes(
        version,
        card,
        dataset,
        lambda row: {"text": str(dataset.test.texts[row])},
        text_protocol(dataset, "test"),
        trust,
    )
