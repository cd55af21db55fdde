"""A report on a detector, as one HTML file that needs nothing else."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

import numpy as np

from kit.evaluation._figures import INK, MODEL, OTHER, SOFT, Drawing, decimals
from kit.evaluation._report_html import (
    counted,
    figure,
    interval,
    licence,
    page,
    protocols,
    repeat,
    two_columns,
)
from kit.evaluation._report_numbers import Estimate
from kit.evaluation._report_training import training_section
from kit.evaluation._write_report import Report
from kit.evaluation.detection._drawn import drawn
from kit.evaluation.detection._report import PARTS, DetectionReport, detection_facts

MOST_CURVES = 8
HEADINGS = {
    "ordinary": "As good as the median image",
    "missed": "Most missed",
    "false alarms": "Most false alarms",
}


def detection_report(report: DetectionReport) -> Report:
    """The report of an object detector."""
    facts = detection_facts(report)
    return Report(facts, lambda: detection_page(report, facts), report.history)


def detection_page(report: DetectionReport, facts: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        report: what is told.
        facts: what metrics.json holds.
    """
    title = f"{report.recipe} on {report.data.name}"
    return page(
        title,
        [
            f"<h1>{escape(title)}</h1>",
            f'<p class="soft">Finds {escape(_listed(report.data.classes))} in '
            f"{counted(len(report.data.test), 'image')} it was not trained on.</p>",
            _headline(report, facts),
            _classes(report),
            *_examples(report),
            _curves(report),
            training_section(report.history, report.metric),
            _data(facts["data"]),
            _protocol(facts),
            repeat(report.command, report.settings, report.seconds, facts["versions"]),
        ],
    )


def _headline(report: DetectionReport, facts: Mapping[str, Any]) -> str:
    half = facts["test"]["metrics"]["mAP50"]
    counts = report.counts.values()
    objects, found = sum(x.objects for x in counts), sum(x.found for x in counts)
    false = sum(x.false_alarms for x in counts)
    said = max(found + false, 1)
    return (
        f'<div class="headline"><div class="number">{decimals(report.on_test.at_half)} '
        f"<small>mAP50 on test, 95 % {interval(Estimate(**half))}; mAP "
        f"{decimals(report.on_test.mean)}</small></div>"
        f"<p>With every box believed that scores {decimals(report.least_score, 2)} or more, as "
        f"chosen on valid, it finds {found:,} of {objects:,} objects; of the boxes it says "
        f"{found / said:.0%} are right and {counted(false, 'is', 'are')} "
        f"{'a false alarm' if false == 1 else 'false alarms'}.</p></div>"
    )


def _classes(report: DetectionReport) -> str:
    rows = ""
    for name, count in report.counts.items():
        mean, half = report.on_test.of_class[name]
        rows += (
            f'<tr><th scope="row">{escape(name)}</th><td>{count.objects:,}</td>'
            f'<td class="model">{decimals(half)}</td><td>{decimals(mean)}</td>'
            f"<td>{count.found:,}</td><td>{count.objects - count.found:,}</td>"
            f"<td>{count.false_alarms:,}</td></tr>"
        )
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("objects", "AP50", "AP", "found", "missed", "false alarms")
    )
    return (
        '<h2>By class</h2><p class="soft caption">Test. Found, missed and false alarms count boxes '
        f"that score {decimals(report.least_score, 2)} or more.</p>"
        f'<div class="wide"><table><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody>'
        "</table></div>"
    )


def _examples(report: DetectionReport) -> Iterator[str]:
    yield (
        "<h2>Images of test</h2><p>Blue: found. Yellow: a false alarm, no such object is marked "
        "there. Red and dashed: missed. The number is the score.</p>"
    )
    for kind, numbers in report.examples().items():
        if numbers:
            yield f"<h3>{HEADINGS[kind]}</h3>"
        for number in numbers:
            image = report.data.test[number]
            jpeg = drawn(image, report.believed[number], report.data.classes)
            source = f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
            caption = f"{image.name}: {counted(len(image.boxes), 'object')}"
            yield (
                f'<figure><img src="{source}" alt="{escape(caption)}" style="max-width:100%">'
                f"<figcaption>{escape(caption)}</figcaption></figure>"
            )


def _curves(report: DetectionReport) -> str:
    curves = {n: c for n, c in report.on_test.curves.items() if (c >= 0).any()}
    rarest = sorted(curves, key=lambda name: report.on_test.of_class[name][1])[:MOST_CURVES]
    with Drawing("precision-recall", height=3.0) as drawing:
        axes = drawing.axes()
        for number, name in enumerate(rarest):
            style = ["-", "--", ":", "-."][number % 4]
            colour = (MODEL, INK, SOFT, OTHER)[number % 4]
            recall = np.linspace(0, 1, len(curves[name]))
            axes.plot(recall, curves[name], linestyle=style, color=colour, label=name)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.03)
        axes.set_xlabel("recall: share of the objects found")
        axes.set_ylabel("precision", color=SOFT)
        drawing.figure.legend(
            loc="outside upper center", ncols=4, frameon=False, labelcolor=INK, fontsize=8
        )
    several = "" if len(rarest) == len(curves) else f" The {MOST_CURVES} classes it finds worst."
    return "<h2>Precision and recall</h2>" + figure(
        drawing.svg,
        "The share of the boxes that are right, by the share of the objects that are found when "
        f"ever lower scores are believed; the area below is AP50.{several}",
    )


def _data(data: Mapping[str, Any]) -> str:
    rows = [
        (
            f"{part}",
            f"{data['images_of_part'][part]:,} images, "
            f"{counted(data['boxes_of_part'][part], 'box', 'boxes')}",
        )
        for part in PARTS
    ]
    rows += [
        (name, ", ".join(f"{parts[part]:,} in {part}" for part in PARTS))
        for name, parts in data["boxes_of_class"].items()
    ]
    repairs = "".join(f"<li>{escape(line)}.</li>" for line in data["repairs"])
    done = (
        f"<h3>Repaired or skipped</h3><ul>{repairs}</ul>"
        if repairs
        else ("<p>Every image could be read, has a box, and every box lies within it.</p>")
    )
    return (
        f"<h2>Data</h2><p>{escape(data['name'])}, split {escape(data['split'])}.</p>"
        f"{two_columns(rows)}{done}{licence(data['licence'])}"
    )


def _protocol(facts: Mapping[str, Any]) -> str:
    return protocols(
        [facts[part]["protocol"] for part in ("test", "valid")],
        "A box is right if its class is, it overlaps its object by a half "
        "(shared area over joint area), and no better box took the object. The score to believe "
        "from is the one of the largest F1 on valid. Intervals: percentile bootstrap over the "
        "images of test, the training not repeated.",
    )


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    shown = every[:10] + (["others"] if len(every) > 10 else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
