"""What a report on a detector tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kit.data.detection import DetectionData, DetectionImage
from kit.evaluation._report_numbers import Estimate, Estimates
from kit.evaluation._run_info import RunInfo
from kit.evaluation.detection._average_precision import AveragePrecision, average_precision
from kit.evaluation.detection._detections import Detections
from kit.evaluation.detection._matches import above, best_score, matched

PARTS = ("train", "valid", "test")
EXAMPLES = 3
RESAMPLES = 1000


@dataclass(frozen=True)
class Counts:
    """Of one class: objects, those found, and boxes where there is no such object."""

    objects: int
    found: int
    false_alarms: int


@dataclass(frozen=True, kw_only=True)
class DetectionReport(RunInfo):
    """Everything a report on a detector is made from, see `RunInfo`.

    Args:
        data: the split images.
        valid: what the model found in the images it was chosen by.
        test: what it found in those it is judged by.
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
        """The score above which a box is believed, chosen on valid for the largest F1."""
        return best_score(self.data.valid, self.valid)

    @cached_property
    def believed(self) -> list[Detections]:
        """What was found on test with at least that score."""
        return [above(found, self.least_score) for found in self.test]

    @cached_property
    def counts(self) -> dict[str, Counts]:
        """Of each class on test, of what is believed."""
        table = np.zeros((len(self.data.classes), 3), int)
        for image, found in zip(self.data.test, self.believed, strict=True):
            matches = matched(image, found)
            np.add.at(table[:, 0], image.labels, 1)
            np.add.at(table[:, 1], image.labels[~matches.missed], 1)
            np.add.at(table[:, 2], found.labels[~matches.right], 1)
        rows = table.tolist()
        return {name: Counts(*row) for name, row in zip(self.data.classes, rows, strict=True)}

    def examples(self) -> dict[str, list[int]]:
        """Numbers of images of test to show: ordinary ones, and those that went worst."""
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
    """What metrics.json holds: plain values, null where a number does not exist."""
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


def protocol_of(data: DetectionData, part: str) -> str:
    """How a part was measured, in a line."""
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
        "protocol": protocol_of(report.data, part),
        "counts": {"images": len(getattr(report.data, part)), "boxes": report.data.boxes(part)},
        "metrics": estimates_of(found),
    }
