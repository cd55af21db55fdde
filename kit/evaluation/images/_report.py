"""What a report on a classifier of images tells."""

from dataclasses import dataclass
from typing import Any

from kit.data.images import ImageData, Images
from kit.evaluation._class_facts import (
    confusions,
    counts_of_parts,
    of_classes,
    part_facts,
)
from kit.evaluation._class_predictions import ClassPredictions
from kit.evaluation._run_info import ComparisonReport
from kit.evaluation._write_report import Report
from kit.evaluation.images._operations import TRAIN_TO_FORWARD_RATIO, count_flops
from kit.evaluation.images._page import image_page
from kit.models import ImageClassifier

PARTS = ("train", "valid", "test")


@dataclass(frozen=True, kw_only=True)
class ImageReport(ComparisonReport[ClassPredictions]):
    """Everything a report on a classifier of images is made from, see `ComparisonReport`.

    Args:
        data: the split images.
        classifier: the model itself, for Grad-CAM.
    """

    data: ImageData
    classifier: ImageClassifier


def image_report(report: ImageReport) -> Report:
    """The report of an image classifier."""
    facts = image_facts(report)
    return Report(facts, lambda: image_page(report, facts), report.history)


def image_facts(report: ImageReport) -> dict[str, Any]:
    """What metrics.json holds: plain values, null where a number does not exist."""
    data = report.data
    content = {
        "test": part_facts(image_protocol(data, "test"), report.test, "images"),
        "valid": part_facts(image_protocol(data, "valid"), report.valid, "images"),
        "of_classes": of_classes(data.classes, report.test, "images"),
        "confusions": confusions(data.classes, report.test),
        "cost": _cost(report),
        "data": _data(data),
    }
    return report.facts(content)


def image_protocol(data: ImageData, part: str) -> str:
    """How a part is measured, in a line."""
    images: Images = getattr(data, part)
    return (
        f"{part}, {len(images):,} images of {len(data.classes)} classes, "
        f"{'x'.join(map(str, data.shape))}; split {data.split}; one view of each image"
    )


def _cost(report: ImageReport) -> dict[str, Any]:
    forward = count_flops(report.classifier, report.data.shape)
    epochs = float(report.history[-1].get("epoch", 0)) if report.history else 0.0
    return {
        "weights": report.classifier.count_params(),
        "operations_of_a_picture": forward,
        "operations_of_training": TRAIN_TO_FORWARD_RATIO
        * forward
        * epochs
        * len(report.data.train),
    }


def _data(data: ImageData) -> dict[str, Any]:
    labels = {part: getattr(data, part).labels for part in PARTS}
    return {
        "name": data.name,
        "pictures_read": data.pictures_read,
        **counts_of_parts(data.classes, labels),
        "shape": list(data.shape),
        "is_resized": data.is_resized,
        "cleaning": [{"dropped": step.name, "rows": step.rows} for step in data.cleaning],
        "split": data.split,
        "licence": data.licence,
    }
