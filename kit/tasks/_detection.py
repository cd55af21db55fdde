"""Object detection: boxes around the objects of an image."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.config import DetectionOptions
from kit.tasks._evaluate_export import (
    Export,
    ExportEvaluation,
    card_options,
    class_numbers,
    number_or_none,
    open_again,
)
from kit.tasks._task import Run, Table

if TYPE_CHECKING:
    from kit.data.detection import DetectionData
    from kit.exports import DetectionCard, SignatureCheck
    from kit.report import DetectionReport, Report

IMAGES_AT_ONCE = 16
PRECISIONS = ("AP50", "AP")


@dataclass(frozen=True)
class AveragePrecisions:
    """Average precisions of an export.

    Args:
        protocol: how they were measured.
        system: name of the model.
        of_class: class to AP50 and AP.
        mean: of the classes.
    """

    protocol: str
    system: str
    of_class: Mapping[str, tuple[float, float]]
    mean: tuple[float, float]

    def table(self) -> Table:
        """A row a class."""
        rows = [
            [name, f"{half:.4f}", f"{mean:.4f}"]
            for name, (half, mean) in [*self.of_class.items(), ("mean", self.mean)]
        ]
        return Table(title=self.protocol, columns=["class", *PRECISIONS], rows=rows)

    def document(self) -> dict[str, Any]:
        """Mean precisions, and those of each class."""
        metrics = {
            name: {"mean": number_or_none(value), "low": None, "high": None}
            for name, value in zip(PRECISIONS, self.mean, strict=True)
        }
        classes = {
            name: dict(zip(PRECISIONS, map(number_or_none, values), strict=True))
            for name, values in self.of_class.items()
        }
        whole = {"protocol": self.protocol, "system": self.system, "metrics": metrics}
        return {**whole, "classes": classes}


class Detection:
    """Boxes, their classes and scores."""

    name = "detection"
    unit = "images"
    following = "kit evaluate {folder}"

    def describe(self, data: "DetectionData") -> Sequence[str]:
        return [
            f"data:      {len(data.train):,} images in train with {data.boxes('train'):,} boxes of "
            f"{len(data.classes)} classes; split {data.split}",
            *(f"           {line}" for line in data.repairs),
        ]

    def warnings(self, data: Any) -> Sequence[str]:
        return ()

    def check(self, run: Run) -> Sequence[str]:
        return ()

    def validation(self, run: Run) -> tuple[str, Callable[[], float]]:
        from kit.evaluation import DetectionPredictor, average_precision

        valid = DetectionPredictor(run.data.valid, run.model)
        return (
            "valid mAP50",
            lambda: average_precision(run.data.valid, valid.found(), run.data.classes).at_half,
        )

    def evaluate(self, run: Run) -> "DetectionReport":
        from kit.evaluation import DetectionPredictor
        from kit.report import DetectionReport

        report = DetectionReport(
            recipe=run.recipe,
            command=run.command,
            data=run.data,
            settings=run.settings,
            valid=DetectionPredictor(run.data.valid, run.model).found(),
            test=DetectionPredictor(run.data.test, run.model).found(),
            history=run.history,
            metric=run.metric,
            seconds=run.seconds,
        )
        _ = report.on_test  # Computed here, so that its time counts as evaluation.
        return report

    def report(self, run: Run, results: "DetectionReport") -> "Report":
        from kit.report import detection_report

        return detection_report(results)

    def card(
        self, run: Run, results: "DetectionReport", facts: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {"least_score": facts["least_score"]}

    def export(
        self, run: Run, results: Any, card: dict[str, Any]
    ) -> "tuple[Path, Sequence[SignatureCheck]]":
        from kit.exporting import export_detection

        return export_detection(run.model, run.data, run.output, card=card)

    def tables(
        self, run: Run, results: "DetectionReport", facts: Mapping[str, Any]
    ) -> Sequence[Table]:
        return [_precisions(facts["test"]["protocol"], run.recipe, results.on_test).table()]

    def export_lines(self, version: Path) -> Sequence[str]:
        return ()

    @classmethod
    def open_again(cls, card: "DetectionCard", source: str | None) -> "DetectionData":
        return open_again(card_options(DetectionOptions, card, source), lambda o: o.dataset())

    @classmethod
    def predict_export(
        cls, export: Export, data: "DetectionData", *, max_users: int | None = None
    ) -> ExportEvaluation:
        import numpy as np
        import tensorflow as tf

        from kit.evaluation import Detections, average_precision
        from kit.report import detection_protocol

        model = export.load()
        number = {name: place for place, name in enumerate(export.card.classes)}
        of_data = np.array(class_numbers(data.classes, number, data.name), np.int32)
        test = [replace(one, labels=of_data[one.labels]) for one in data.test]
        detections = []
        for start in range(0, len(test), IMAGES_AT_ONCE):
            images = tf.constant([one.encoded() for one in test[start : start + IMAGES_AT_ONCE]])
            answer = model.signatures["serving_default"](image=images)
            rows = (answer[name].numpy() for name in ("box", "label", "score"))
            for boxes, labels, scores in zip(*rows, strict=True):
                is_box = labels != b""
                numbers = np.array([number[name.decode()] for name in labels[is_box]], np.int32)
                detections.append(Detections(boxes[is_box], numbers, scores[is_box]))
        result = average_precision(test, detections, list(number))
        system = export.card.recipe or "object-detection"
        return ExportEvaluation([_precisions(detection_protocol(data, "test"), system, result)])


def _precisions(protocol: str, system: str, result: Any) -> AveragePrecisions:
    of_class = {name: (half, mean) for name, (mean, half) in result.of_class.items()}
    return AveragePrecisions(protocol, system, of_class, (result.at_half, result.mean))
