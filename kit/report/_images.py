"""The report of an image classifier."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from kit.data.images import ImageData, Images
from kit.evaluation import (
    TRAIN_TO_FORWARD_RATIO,
    ClassPredictions,
    Robustness,
    count_flops,
    grad_cam,
)
from kit.models import ImageClassifier
from kit.report._class_figures import short
from kit.report._classes import (
    baselines_section,
    best_baseline,
    class_headline,
    classes_section,
    confusion_section,
    confusions,
    counts_of_classes,
    counts_of_parts,
    measures_in_words,
    of_classes,
    part_facts,
)
from kit.report._figures import DASH
from kit.report._html import (
    counted,
    figure,
    licence,
    on_valid,
    page,
    protocols,
    repeat,
    two_columns,
)
from kit.report._image_figures import mistakes_drawing
from kit.report._report import ComparisonReport, Report, training_section
from kit.report._robustness import robustness_section

MISTAKES = 16
CHANGES = (
    "Gaussian noise has a standard deviation of .08 of the range, the blur one of a pixel; JPEG "
    "with quality 30; half the contrast; a shift to a random side. FGSM: each pixel changed by 2 "
    "of 255 levels, against the class; stronger attacks: <code>kit robustness</code>."
)


def image_page(report: "ImageReport", facts: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        report: the content of the report.
        facts: the content of metrics.json.
    """
    systems, differences = report.systems, report.differences
    return page(
        report.title,
        [
            f"<h1>{escape(report.title)}</h1>",
            f'<p class="soft">Classifies images into {len(report.data.classes)} classes. Evaluated '
            f"on {counted(len(report.test.labels), 'image')} it was not trained on. Intervals are "
            "95 % bootstrap over images.</p>",
            class_headline(
                report.model,
                best_baseline(report.baselines),
                systems,
                differences,
                facts["confusions"],
                "images",
            ),
            confusion_section(report.test, report.data.classes),
            _mistakes(report),
            classes_section(report.test, report.data.classes, "images"),
            baselines_section(report.model, systems, differences, "images"),
            robustness_section(report.robustness, CHANGES),
            training_section(report.history, report.metric),
            on_valid(report.model, report.valid.estimates()),
            _cost_section(facts["cost"]),
            _data_section(facts["data"]),
            _protocol(facts),
            repeat(report.command, report.settings, report.seconds, facts["versions"]),
        ],
    )


def _mistakes(report: "ImageReport") -> str:
    rows = report.test.worst(MISTAKES)
    if not len(rows):
        return ""
    pixels = report.data.test.decoded(rows)
    predicted = report.test.predicted[rows]
    heat = grad_cam(report.classifier, pixels, predicted)
    confidence = report.test.probabilities[rows, predicted]
    classes = report.data.classes
    texts = [
        (
            f"{short(classes[n])} {100 * p:.0f} %",
            f"label: {short(classes[report.test.labels[row]])}",
        )
        for row, n, p in zip(rows, predicted, confidence, strict=True)
    ]
    seen = (
        ""
        if heat is None
        else " Beside each, red marks the regions that supported the predicted class (Grad-CAM)."
    )
    names = "".join(f"<li>{escape(str(report.data.test.names[row]))}</li>" for row in rows)
    return (
        "<h2>Most confident errors</h2>"
        + figure(
            mistakes_drawing(pixels, heat, texts),
            "The misclassified images of test with the highest predicted probability: above the "
            f"predicted class and its probability, below the label.{seen} Labels may be wrong, "
            "too.",
        )
        + f"<details><summary>File names, in this order</summary><ol>{names}</ol></details>"
    )


def _cost_section(cost: Mapping[str, Any]) -> str:
    rows = [
        ("weights", f"{cost['weights']:,}"),
        ("operations for an image", f"{cost['operations_of_a_picture'] / 1e6:,.1f} million"),
        ("operations of the training", f"{cost['operations_of_training'] / 1e15:,.4f} PFLOP"),
    ]
    return (
        "<h2>Computation</h2>"
        + two_columns(rows)
        + "<p class='soft'>Multiplications and additions of convolutions and matrix products; a "
        "training step counts as three forward passes.</p>"
    )


def _data_section(data: Mapping[str, Any]) -> str:
    rows = [
        ("images read", f"{data['pictures_read']:,}"),
        *((f"{DASH} {step['dropped']}", f"{step['rows']:,}") for step in data["cleaning"]),
        *((f"images in {part}", f"{n:,}") for part, n in data["rows_of_part"].items()),
        ("height, width, channels", " x ".join(map(str, data["shape"]))),
        ("resized", "yes" if data["is_resized"] else "no"),
    ]
    return (
        f"<h2>Data</h2><p>{escape(data['name'])}, split {escape(data['split'])}.</p>"
        f"{two_columns(rows)}{counts_of_classes(data['classes'])}{licence(data['licence'])}"
    )


def _protocol(facts: Mapping[str, Any]) -> str:
    return protocols(
        [facts[part]["protocol"] for part in ("test", "valid")],
        measures_in_words("images")
        + " the linear model reads the pixels of the image resized to 14 by 14.",
    )


PARTS = ("train", "valid", "test")


@dataclass(frozen=True, kw_only=True)
class ImageReport(ComparisonReport[ClassPredictions]):
    """The content of an image classifier's report, see `ComparisonReport`.

    Args:
        data: the split images.
        classifier: the model, for Grad-CAM.
        robustness: accuracy on changed images.
    """

    data: ImageData
    classifier: ImageClassifier
    robustness: Robustness


def image_report(report: ImageReport) -> Report:
    """The report of an image classifier."""
    facts = image_facts(report)
    return Report(facts, lambda: image_page(report, facts), report.history)


def image_facts(report: ImageReport) -> dict[str, Any]:
    """The content of metrics.json: plain values, null where a number does not exist."""
    data = report.data
    content = {
        "test": part_facts(image_protocol(data, "test"), report.test, "images"),
        "valid": part_facts(image_protocol(data, "valid"), report.valid, "images"),
        "of_classes": of_classes(data.classes, report.test, "images"),
        "confusions": confusions(data.classes, report.test),
        "robustness": report.robustness.facts(),
        "cost": _cost(report),
        "data": _data(data),
    }
    return report.facts(content)


def image_protocol(data: ImageData, part: str) -> str:
    """The protocol of a part, in one line."""
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
