"""A report on a classifier of pictures, as one HTML file that needs nothing else."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from kit.evaluation._pictures import DASH, comparison, decimals
from kit.evaluation._report_html import (
    counted,
    difference_table,
    figure,
    interval,
    licence,
    metric_table,
    on_valid,
    page,
    protocols,
    repeat,
    two_columns,
)
from kit.evaluation._report_numbers import Estimates
from kit.evaluation._report_training import training_section
from kit.evaluation._verdict import against_best
from kit.evaluation.images._drawings import (
    classes_drawing,
    confusion_drawing,
    mistakes_drawing,
    short,
)
from kit.evaluation.images._grad_cam import grad_cam
from kit.evaluation.images._predictions import ACCURACY, ECE, SMALLER_IS_BETTER

if TYPE_CHECKING:
    from kit.evaluation.images._report import ImageReport

MISTAKES = 16


def image_page(report: "ImageReport", facts: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        report: what is told.
        facts: what metrics.json holds.
    """
    systems = {report.model: report.test.estimates()}
    systems |= {name: found.estimates() for name, found in report.baselines.items()}
    differences = {name: report.test.minus(found) for name, found in report.baselines.items()}
    title = f"{report.recipe} ({report.model}) on {report.data.name}"
    return page(
        title,
        [
            f"<h1>{escape(title)}</h1>",
            f'<p class="soft">Says which of {len(report.data.classes)} classes is in '
            f"{counted(len(report.test.labels), 'picture')} it was not trained on. Intervals are "
            "95 % bootstrap over pictures.</p>",
            _headline(report, facts, systems, differences),
            _confusion(report),
            _mistakes(report),
            _of_classes(report),
            _against_baselines(report, systems, differences),
            training_section(report.history, report.metric),
            on_valid(report.model, report.valid.estimates()),
            _cost(facts["cost"]),
            _data(facts["data"]),
            _protocol(facts),
            repeat(report.command, report.settings, report.seconds, facts["versions"]),
        ],
    )


def _headline(
    report: "ImageReport",
    facts: Mapping[str, Any],
    systems: Mapping[str, Estimates],
    differences: Mapping[str, Estimates],
) -> str:
    best, result = report.best_baseline, systems[report.model][ACCURACY]
    error = systems[report.model][ECE].mean
    sentences = [
        against_best(report.model, best, systems[best][ACCURACY], differences[best][ACCURACY]),
        f"Of 100 pictures it names {100 * result.mean:.0f} rightly; how sure it is differs from "
        f"how often it is right by {100 * error:.1f} percentage points on average.",
    ]
    if facts["confusions"]:
        first = facts["confusions"][0]
        sentences.append(
            f"Its most frequent mistake: {escape(first['is'])} is called "
            f"{escape(first['called'])}, {counted(first['times'], 'time')}."
        )
    return (
        f'<div class="headline"><div class="number">{decimals(result.mean)} '
        f"<small>{ACCURACY}, 95 % {interval(result)}</small></div>"
        + "".join(f"<p>{sentence}</p>" for sentence in sentences)
        + "</div>"
    )


def _confusion(report: "ImageReport") -> str:
    return "<h2>What is taken for what</h2>" + figure(
        confusion_drawing(report.test.confusion, report.data.classes),
        "Each row is a class of test, each column what it was called; the numbers are per cent of "
        "the row. Blue is right, red is wrong; colours grow with the square root, so that rare "
        "mistakes can be seen. Of more than 24 classes those with most mistakes are shown.",
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
            "The pictures of test on which it was most certain and wrong: above what it was called "
            f"and how surely, below what it is by its label.{seen} Labels may be wrong, too.",
        )
        + f"<details><summary>Their names, in this order</summary><ol>{names}</ol></details>"
    )


def _of_classes(report: "ImageReport") -> str:
    found = report.test.of_classes
    return "<h2>Class by class</h2>" + figure(
        classes_drawing(found["recall"], found["precision"], report.data.classes),
        "Recall: of the pictures of a class, the share that was called so. Precision: of the "
        "pictures that were called so, the share that is. The weakest classes first.",
    )


def _against_baselines(
    report: "ImageReport",
    systems: Mapping[str, Estimates],
    differences: Mapping[str, Estimates],
) -> str:
    picture = comparison(
        {name: estimates[ACCURACY] for name, estimates in systems.items()},
        model=report.model,
        metric=f"{ACCURACY} on test",
    )
    return "\n".join(
        [
            "<h2>Against the baselines</h2>",
            figure(picture, "Accuracy on test with 95 % intervals, the same pictures for all."),
            metric_table(systems, None, report.model, "Test, with 95 % intervals."),
            difference_table(
                report.model,
                differences,
                None,
                by="from the same resamples of the pictures",
                smaller_is_better=SMALLER_IS_BETTER,
            ),
        ]
    )


def _cost(cost: Mapping[str, Any]) -> str:
    rows = [
        ("weights", f"{cost['weights']:,}"),
        ("operations for a picture", f"{cost['operations_of_a_picture'] / 1e6:,.1f} million"),
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
        ("pictures read", f"{data['pictures_read']:,}"),
        *((f"{DASH} {step['dropped']}", f"{step['rows']:,}") for step in data["cleaning"]),
        *((f"pictures in {part}", f"{n:,}") for part, n in data["rows_of_part"].items()),
        ("height, width, channels", " x ".join(map(str, data["shape"]))),
        ("resized", "yes" if data["is_resized"] else "no"),
    ]
    classes = list(_classes(data["classes"]))
    return (
        f"<h2>Data</h2><p>{escape(data['name'])}, split {escape(data['split'])}.</p>"
        f"{two_columns(rows)}<details><summary>{counted(len(classes), 'class', 'classes')}"
        f"</summary>{two_columns(classes)}</details>{licence(data['licence'])}"
    )


def _classes(classes: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, str]]:
    for name, counts in classes.items():
        yield name, ", ".join(f"{count:,} {part}" for part, count in counts.items())


def _protocol(facts: Mapping[str, Any]) -> str:
    return protocols(
        [facts[part]["protocol"] for part in ("test", "valid")],
        "Means of recall, precision and F1 are over classes, each counted "
        "once. Log loss: natural logarithm. ECE, the expected calibration error: mean distance of "
        "the probability of what it says and the share of times it is right, in 20 bins of equally "
        "many pictures. Intervals: percentile bootstrap over pictures, the training not repeated; "
        "those of differences are paired. The most frequent class is what is said without looking; "
        "the linear model sees the pixels of the picture made 14 by 14.",
    )
