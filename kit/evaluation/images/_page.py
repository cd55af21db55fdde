"""A report on a classifier of images, as one HTML file that needs nothing else."""

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from kit.evaluation._class_facts import best_baseline
from kit.evaluation._class_figures import short
from kit.evaluation._class_sections import (
    baselines_section,
    classes_section,
    confusion_section,
    counts_of_classes,
    headline,
    measures_in_words,
)
from kit.evaluation._figures import DASH
from kit.evaluation._report_html import (
    counted,
    figure,
    licence,
    on_valid,
    page,
    protocols,
    repeat,
    two_columns,
)
from kit.evaluation._report_training import training_section
from kit.evaluation.images._drawings import mistakes_drawing
from kit.evaluation.images._grad_cam import grad_cam

if TYPE_CHECKING:
    from kit.evaluation.images._report import ImageReport

MISTAKES = 16


def image_page(report: "ImageReport", facts: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        report: what is told.
        facts: what metrics.json holds.
    """
    systems, differences = report.systems, report.differences
    return page(
        report.title,
        [
            f"<h1>{escape(report.title)}</h1>",
            f'<p class="soft">Says which of {len(report.data.classes)} classes is in '
            f"{counted(len(report.test.labels), 'image')} it was not trained on. Intervals are "
            "95 % bootstrap over images.</p>",
            headline(
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
            training_section(report.history, report.metric),
            on_valid(report.model, report.valid.estimates()),
            _cost(facts["cost"]),
            _data(facts["data"]),
            _protocol(facts),
            repeat(report.command, report.settings, report.seconds, facts["versions"]),
        ],
    )


def _mistakes(report: "ImageReport") -> str:
    rows = report.test.worst(MISTAKES)
    if not len(rows):
        return ""
    pixels = report.data.test.decoded(rows)
    said = report.test.said[rows]
    heat = grad_cam(report.classifier, pixels, said)
    certain = report.test.probabilities[rows, said]
    classes = report.data.classes
    texts = [
        (f"{short(classes[n])} {100 * p:.0f} %", f"is {short(classes[report.test.labels[row]])}")
        for row, n, p in zip(rows, said, certain, strict=True)
    ]
    seen = (
        ""
        if heat is None
        else " Beside each, red marks the places that spoke most for what it was called (Grad-CAM)."
    )
    names = "".join(f"<li>{escape(str(report.data.test.names[row]))}</li>" for row in rows)
    return (
        "<h2>The worst mistakes</h2>"
        + figure(
            mistakes_drawing(pixels, heat, texts),
            "The images of test on which it was most certain and wrong: above what it was called "
            f"and how surely, below what it is by its label.{seen} Labels may be wrong, too.",
        )
        + f"<details><summary>Their names, in this order</summary><ol>{names}</ol></details>"
    )


def _cost(cost: Mapping[str, Any]) -> str:
    rows = [
        ("weights", f"{cost['weights']:,}"),
        ("operations for an image", f"{cost['operations_of_a_picture'] / 1e6:,.1f} million"),
        ("operations of the training", f"{cost['operations_of_training'] / 1e15:,.4f} PFLOP"),
    ]
    return (
        "<h2>What it computes</h2>"
        + two_columns(rows)
        + "<p class='soft'>Multiplications and additions of convolutions and matrix products; a "
        "step of training counts as three times the way forward.</p>"
    )


def _data(data: Mapping[str, Any]) -> str:
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
        + " the linear model sees the pixels of the image made 14 by 14.",
    )
