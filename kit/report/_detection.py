"""The report of an object detector."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import numpy as np

from kit.data.detection import DetectionData, DetectionImage
from kit.evaluation import (
    AveragePrecision,
    Detections,
    above,
    average_precision,
    best_score,
    matched,
)
from kit.metrics import Estimate, Estimates
from kit.report._figures import INK, MODEL, OTHER, SOFT, Drawing, decimals
from kit.report._html import (
    counted,
    figure,
    interval,
    licence,
    page,
    protocols,
    repeat,
    two_columns,
)
from kit.report._image_figures import drawn
from kit.report._report import Report, RunInfo, training_section

PARTS = ("train", "valid", "test")
EXAMPLES = 3
RESAMPLES = 1000


@dataclass(frozen=True)
class Counts:
    """Counts of one class: objects, detected objects, and boxes without such an object."""

    objects: int
    found: int
    false_alarms: int


@dataclass(frozen=True, kw_only=True)
class DetectionReport(RunInfo):
    """The content of a detector's report, see `RunInfo`.

    Args:
        data: the split images.
        valid: the model's detections on valid, which selected the model.
        test: its detections on test.
    """

    data: DetectionData
    valid: list[Detections]
    test: list[Detections]

    @cached_property
    def on_test(self) -> AveragePrecision:
        """Average precision on test."""
        return average_precision(self.data.test, self.test, self.data.classes, resamples=RESAMPLES)

    @cached_property
    def on_valid(self) -> AveragePrecision:
        """Average precision on valid."""
        return average_precision(self.data.valid, self.valid, self.data.classes)

    @cached_property
    def least_score(self) -> float:
        """The score threshold with the largest F1 on valid."""
        return best_score(self.data.valid, self.valid)

    @cached_property
    def believed(self) -> list[Detections]:
        """Detections on test with at least that score."""
        return [above(found, self.least_score) for found in self.test]

    @cached_property
    def counts(self) -> dict[str, Counts]:
        """Counts of each class on test at that threshold."""
        table = np.zeros((len(self.data.classes), 3), int)
        for image, found in zip(self.data.test, self.believed, strict=True):
            matches = matched(image, found)
            np.add.at(table[:, 0], image.labels, 1)
            np.add.at(table[:, 1], image.labels[~matches.missed], 1)
            np.add.at(table[:, 2], found.labels[~matches.right], 1)
        rows = table.tolist()
        return {name: Counts(*row) for name, row in zip(self.data.classes, rows, strict=True)}

    def examples(self) -> dict[str, list[int]]:
        """Numbers of images of test to show: ordinary ones, and those with the most errors."""
        matches = [matched(p, f) for p, f in zip(self.data.test, self.believed, strict=True)]
        missed = np.array([one.missed.sum() for one in matches])
        false = np.array([(~one.right).sum() for one in matches])
        objects = np.array([max(1, len(image.boxes)) for image in self.data.test])
        wrong = (missed + false) / objects
        middle = np.argsort(np.abs(wrong - np.median(wrong)), kind="stable")[:EXAMPLES].tolist()
        shown = set(middle)
        found = {"ordinary": middle}
        for name, count in (("missed", missed), ("false alarms", false)):
            worst = [n for n in np.argsort(-count, kind="stable").tolist() if n not in shown]
            found[name] = [n for n in worst[:EXAMPLES] if count[n]]
            shown |= set(found[name])
        return found


def detection_facts(report: DetectionReport) -> dict[str, Any]:
    """The content of metrics.json: plain values, null where a number does not exist."""
    content = {
        "test": _part(report, "test", report.on_test),
        "valid": _part(report, "valid", report.on_valid),
        "baselines": {},
        "least_score": report.least_score,
        "counts_at_least_score": report.counts,
        "data": data_facts(report.data),
    }
    return report.facts(content)


def estimates_of(found: AveragePrecision) -> Estimates:
    """The metrics by name: mAP, mAP50, of small, medium and large boxes, and of each class."""
    metrics = {
        "mAP50": found.at_half,
        "mAP": found.mean,
        "mAP small": found.small,
        "mAP medium": found.medium,
        "mAP large": found.large,
        **{f"AP50 of {name}": half for name, (_, half) in found.of_class.items()},
        **{f"AP of {name}": mean for name, (mean, _) in found.of_class.items()},
    }
    estimates = {name: Estimate(value) for name, value in metrics.items()}
    if len(found.resampled):
        ends = np.nanquantile(found.resampled, [0.025, 0.975], axis=0).T.tolist()
        estimates["mAP"] = Estimate(found.mean, *ends[0])
        estimates["mAP50"] = Estimate(found.at_half, *ends[1])
    return estimates


def detection_protocol(data: DetectionData, part: str) -> str:
    """The protocol of a part, in one line."""
    images: Sequence[DetectionImage] = getattr(data, part)
    return (
        f"{part}, {len(images):,} images with {data.boxes(part):,} boxes of "
        f"{len(data.classes)} classes; split {data.split}; average precision as COCO defines it, "
        "by pycocotools, at most 100 boxes an image; mAP over overlaps of .50 to .95, mAP50 at .50"
    )


def data_facts(data: DetectionData) -> dict[str, Any]:
    """Size, classes, repairs, split and licence."""
    parts: dict[str, list[DetectionImage]] = {part: getattr(data, part) for part in PARTS}
    return {
        "name": data.name,
        "images_of_part": {part: len(images) for part, images in parts.items()},
        "boxes_of_part": {part: data.boxes(part) for part in PARTS},
        "boxes_of_class": {
            name: {
                part: sum(int((one.labels == number).sum()) for one in images)
                for part, images in parts.items()
            }
            for number, name in enumerate(data.classes)
        },
        "repairs": data.repairs,
        "split": data.split,
        "licence": data.licence,
    }


def _part(report: DetectionReport, part: str, found: AveragePrecision) -> dict[str, Any]:
    return {
        "protocol": detection_protocol(report.data, part),
        "counts": {"images": len(getattr(report.data, part)), "boxes": report.data.boxes(part)},
        "metrics": estimates_of(found),
    }


MOST_CURVES = 8
HEADINGS = {
    "ordinary": "As good as the median image",
    "missed": "Most missed",
    "false alarms": "Most false positives",
}


def detection_report(report: DetectionReport) -> Report:
    """The report of an object detector."""
    facts = detection_facts(report)
    return Report(facts, lambda: detection_page(report, facts), report.history)


def detection_page(report: DetectionReport, facts: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        report: the content of the report.
        facts: the content of metrics.json.
    """
    title = f"{report.recipe} on {report.data.name}"
    return page(
        title,
        [
            f"<h1>{escape(title)}</h1>",
            f'<p class="soft">Detects {escape(_listed(report.data.classes))}. Evaluated on '
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
    boxes = max(found + false, 1)
    return (
        f'<div class="headline"><div class="number">{decimals(report.on_test.at_half)} '
        f"<small>mAP50 on test, 95 % {interval(Estimate(**half))}; mAP "
        f"{decimals(report.on_test.mean)}</small></div>"
        f"<p>At a score threshold of {decimals(report.least_score, 2)}, chosen on valid, it "
        f"detects {found:,} of {objects:,} objects; {found / boxes:.0%} of its boxes are correct, "
        f"{counted(false, 'is a false positive', 'are false positives')}.</p></div>"
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
        for name in ("objects", "AP50", "AP", "detected", "missed", "false positives")
    )
    return (
        '<h2>By class</h2><p class="soft caption">Test. Detected, missed and false positives count '
        f"boxes that score {decimals(report.least_score, 2)} or more.</p>"
        f'<div class="wide"><table><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody>'
        "</table></div>"
    )


def _examples(report: DetectionReport) -> Iterator[str]:
    yield (
        "<h2>Images of test</h2><p>Blue: detected. Yellow: a false positive, no such object is "
        "labelled there. Red and dashed: missed. The number is the score.</p>"
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
        axes.set_xlabel("recall: share of the objects detected")
        axes.set_ylabel("precision", color=SOFT)
        drawing.figure.legend(
            loc="outside upper center", ncols=4, frameon=False, labelcolor=INK, fontsize=8
        )
    several = (
        "" if len(rarest) == len(curves) else f" The {MOST_CURVES} classes with the lowest AP50."
    )
    return "<h2>Precision and recall</h2>" + figure(
        drawing.svg,
        "The share of boxes that are correct, by the share of objects that are detected, as the "
        f"score threshold falls; the area below is AP50.{several}",
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
        else ("<p>Every image is readable and has a box, and every box lies within its image.</p>")
    )
    return (
        f"<h2>Data</h2><p>{escape(data['name'])}, split {escape(data['split'])}.</p>"
        f"{two_columns(rows)}{done}{licence(data['licence'])}"
    )


def _protocol(facts: Mapping[str, Any]) -> str:
    return protocols(
        [facts[part]["protocol"] for part in ("test", "valid")],
        "A box is correct if its class is, its IoU with an object is at least one half, and no "
        "box of a higher score is matched to that object. The score threshold is the one with the "
        "largest F1 on valid. Intervals: percentile bootstrap over the images of test, without "
        "retraining.",
    )


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    shown = every[:10] + (["others"] if len(every) > 10 else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
