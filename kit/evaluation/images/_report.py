"""What a report on a classifier of pictures tells."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kit.data.images import ImageData, Pictures
from kit.evaluation._report_numbers import plain, versions
from kit.evaluation._write_report import write_files
from kit.evaluation.images._operations import OF_A_STEP, operations_of
from kit.evaluation.images._page import image_page
from kit.evaluation.images._predictions import ACCURACY, ImagePredictions
from kit.models import ImageClassifier

PARTS = ("train", "valid", "test")
CONFUSIONS = 10


@dataclass(frozen=True)
class ImageReport:
    """Everything a report on a classifier of pictures is made from.

    Args:
        recipe: its name, "image-classification".
        model: name of the model, "resnet".
        command: what was typed.
        data: the split pictures.
        settings: name to value of what was set or chosen.
        classifier: the model itself, for Grad-CAM.
        valid: the model on what it was chosen by.
        test: the model on what it is judged by.
        baselines: name to what was said of the same pictures of test.
        history: one dict an epoch: epoch, loss, the metric on valid and what else there is.
        metric: the key of the metric on valid.
        seconds: name of a phase to its duration.
    """

    recipe: str
    model: str
    command: str
    data: ImageData
    settings: dict[str, object]
    classifier: ImageClassifier
    valid: ImagePredictions
    test: ImagePredictions
    baselines: dict[str, ImagePredictions]
    history: list[dict[str, float]]
    metric: str
    seconds: dict[str, float]

    @property
    def best_baseline(self) -> str:
        """The baseline with the greatest accuracy."""
        found = {name: x.summary()[ACCURACY] for name, x in self.baselines.items()}
        return max(found, key=lambda name: found[name])


def write_image_report(report: ImageReport, folder: Path) -> dict[str, Any]:
    """Write metrics.json, history.csv and report.html, see `kit.evaluation.write_report`.

    Args:
        report: what is told.
        folder: where; made if it does not exist.

    Returns:
        What metrics.json holds.

    Raises:
        UserError: the folder cannot be written.
    """
    facts = image_facts(report)
    write_files(report.history, image_page(report, facts), facts, folder)
    return facts


def image_facts(report: ImageReport) -> dict[str, Any]:
    """What metrics.json holds: plain values, null where a number does not exist."""
    content = {
        "recipe": report.recipe,
        "model": report.model,
        "command": report.command,
        "test": _part(report.data, "test", report.test),
        "valid": _part(report.data, "valid", report.valid),
        "of_classes": _of_classes(report.data, report.test),
        "confusions": _confusions(report.data, report.test),
        "baselines": {
            name: {
                "metrics": found.estimates(),
                "model_minus_baseline": report.test.minus(found),
            }
            for name, found in report.baselines.items()
        },
        "cost": _cost(report),
        "data": _data(report.data),
        "settings": report.settings,
        "seconds": report.seconds,
        "versions": versions(),
    }
    facts = plain(content)
    assert isinstance(facts, dict)
    return facts


def image_protocol(data: ImageData, part: str) -> str:
    """How a part is measured, in a line."""
    pictures: Pictures = getattr(data, part)
    return (
        f"{part}, {len(pictures):,} pictures of {len(data.classes)} classes, "
        f"{'x'.join(map(str, data.shape))}; split {data.split}; one view of each picture"
    )


def _part(data: ImageData, part: str, found: ImagePredictions) -> dict[str, Any]:
    return {
        "protocol": image_protocol(data, part),
        "counts": {"pictures": len(found.labels)},
        "metrics": found.estimates(),
    }


def _of_classes(data: ImageData, found: ImagePredictions) -> dict[str, Any]:
    pictures = found.confusion.sum(axis=1)
    return {
        name: {
            "pictures": int(pictures[number]),
            **{metric: float(values[number]) for metric, values in found.of_classes.items()},
        }
        for number, name in enumerate(data.classes)
    }


def _confusions(data: ImageData, found: ImagePredictions) -> list[dict[str, Any]]:
    """The most frequent mistakes."""
    wrong = found.confusion - np.diag(np.diag(found.confusion))
    order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSIONS]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [
        {"is": data.classes[is_], "called": data.classes[called], "times": int(wrong[is_, called])}
        for is_, called in pairs
        if wrong[is_, called]
    ]


def _cost(report: ImageReport) -> dict[str, Any]:
    forward = operations_of(report.classifier, report.data.shape)
    passes = float(report.history[-1].get("epoch", 0)) if report.history else 0.0
    return {
        "weights": report.classifier.count_params(),
        "operations_of_a_picture": forward,
        "operations_of_training": OF_A_STEP * forward * passes * len(report.data.train),
    }


def _data(data: ImageData) -> dict[str, Any]:
    parts: dict[str, Pictures] = {part: getattr(data, part) for part in PARTS}
    counts = {
        part: np.bincount(pictures.labels, minlength=len(data.classes))
        for part, pictures in parts.items()
    }
    return {
        "name": data.name,
        "pictures_read": data.pictures_read,
        "rows": sum(map(len, parts.values())),
        "rows_of_part": {part: len(pictures) for part, pictures in parts.items()},
        "classes": {
            name: {part: int(counts[part][number]) for part in PARTS}
            for number, name in enumerate(data.classes)
        },
        "shape": list(data.shape),
        "is_resized": data.is_resized,
        "cleaning": [{"dropped": step.name, "rows": step.rows} for step in data.cleaning],
        "split": data.split,
        "licence": data.licence,
    }
