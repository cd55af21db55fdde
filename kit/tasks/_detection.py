"""Object detection: boxes around the objects of an image."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.tasks._task import Run, Table

if TYPE_CHECKING:
    from kit.artefact import SignatureCheck
    from kit.data.detection import DetectionData
    from kit.evaluation.detection import DetectionReport


class Detection:
    """Boxes, their classes and scores."""

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

    def validation(self, run: Run) -> tuple[str, Callable[[], float]]:
        from kit.evaluation.detection import DetectionPredictor, average_precision

        valid = DetectionPredictor(run.data.valid, run.model)
        return (
            "valid mAP50",
            lambda: average_precision(run.data.valid, valid.found(), run.data.classes).at_half,
        )

    def evaluate(self, run: Run) -> "DetectionReport":
        from kit.evaluation.detection import DetectionPredictor, DetectionReport

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

    def report(self, run: Run, results: "DetectionReport") -> dict[str, Any]:
        from kit.evaluation.detection import write_detection_report

        return write_detection_report(results, run.folder)

    def card(
        self, run: Run, results: "DetectionReport", facts: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {"least_score": facts["least_score"]}

    def export(
        self, run: Run, results: Any, card: dict[str, Any]
    ) -> "tuple[Path, Sequence[SignatureCheck]]":
        from kit.export import export_detection

        return export_detection(run.model, run.data, run.output, card=card)

    def tables(
        self, run: Run, results: "DetectionReport", facts: Mapping[str, Any]
    ) -> Sequence[Table]:
        found = results.on_test
        of_classes = {name: (half, mean) for name, (mean, half) in found.of_class.items()}
        rows = [
            [name, f"{half:.4f}", f"{mean:.4f}"]
            for name, (half, mean) in [*of_classes.items(), ("mean", (found.at_half, found.mean))]
        ]
        title = facts["test"]["protocol"]
        return [Table(title=title, columns=["class", "AP50", "AP"], rows=rows)]

    def export_lines(self, version: Path) -> Sequence[str]:
        return ()
