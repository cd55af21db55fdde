"""Mean average precision by COCO's definition, computed by COCO's own code."""

import contextlib
import copy
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.data.detection import DetectionImage
from kit.evaluation.detection._detections import Detections
from kit.metrics import check_finite

# COCO's own mark for what does not exist.
NOTHING = -1


@dataclass(frozen=True)
class AveragePrecision:
    """How well boxes were found.

    Args:
        of_class: class to (mAP, AP at an overlap of a half); nan for one without a box.
        curves: class to the precision at an overlap of a half, float [101], by recall from 0 to 1.
        small: mAP of boxes under 32 pixels squared, nan where there are none.
        medium: of those up to 96 squared.
        large: of the others.
        resampled: float [resamples, 2], mAP and mAP50 of images drawn anew; [0, 2] where none
            were.
    """

    of_class: dict[str, tuple[float, float]]
    curves: dict[str, NDArray[np.float64]]
    small: float
    medium: float
    large: float
    resampled: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))

    @property
    def mean(self) -> float:
        """mAP: the mean over classes and overlaps from .50 to .95."""
        return float(np.nanmean([mean for mean, _ in self.of_class.values()]))

    @property
    def at_half(self) -> float:
        """mAP50: the mean over classes at an overlap of a half."""
        return float(np.nanmean([half for _, half in self.of_class.values()]))


def average_precision(
    images: Sequence[DetectionImage],
    found: Sequence[Detections],
    classes: Sequence[str],
    *,
    resamples: int = 0,
    seed: int = 0,
) -> AveragePrecision:
    """Hold what was found against what is there.

    Args:
        images: with their boxes.
        found: of each image; the 100 best count.
        classes: names.
        resamples: how often images are drawn anew, with replacement, for bootstrap intervals.
        seed: of that.

    Raises:
        ValueError: a score or a side of a box is NaN or infinite.

    Source: Lin et al. (2014), Microsoft COCO; pycocotools.

    Example:

    >>> box = np.float32([[10, 10, 50, 50]])
    >>> image = DetectionImage("a", b"", (100, 100), box, np.int32([0]))
    >>> found = Detections(box, np.int32([0]), np.float32([0.9]))
    >>> result = average_precision([image], [found], ["cat"])
    >>> round(result.mean, 4), round(result.at_half, 4)
    (1.0, 1.0)
    """
    for one in found:
        check_finite(one.scores, "scores of boxes")
        check_finite(one.boxes, "sides of boxes")
    # Only here: nothing else needs it.
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    # It prints as it goes.
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = _as_coco(images, classes)
        truth.createIndex()
        said = COCO()
        said.dataset = {**truth.dataset, "annotations": _as_annotations(found)}
        said.createIndex()
        evaluation = COCOeval(truth, said, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        # [overlaps, recalls, classes, sizes, most boxes]
        precision = evaluation.eval["precision"][..., -1]
        resampled = _resampled(evaluation, len(images), resamples, seed)
    of_class = {
        name: (_mean(precision[:, :, number, 0]), _mean(precision[0, :, number, 0]))
        for number, name in enumerate(classes)
    }
    curves = {name: precision[0, :, number, 0] for number, name in enumerate(classes)}
    small, medium, large = (_mean(precision[..., size]) for size in (1, 2, 3))
    return AveragePrecision(of_class, curves, small, medium, large, resampled)


def _resampled(evaluation: Any, images: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """mAP and mAP50 of images drawn anew: matches are of an image, so they are found once."""
    # The evaluation keeps a result for each class, size and image, in this order.
    shape = (-1, len(evaluation.params.areaRng), images)
    of_all_sizes = np.array(evaluation.evalImgs, dtype=object).reshape(shape)[:, 0]
    again = copy.copy(evaluation)
    # What it counts by are the parameters of the first evaluation; both have one size only.
    again.params = again._paramsEval = copy.copy(evaluation.params)
    again.params.areaRng, again.params.areaRngLbl = again.params.areaRng[:1], ["all"]
    again.params.maxDets = again.params.maxDets[-1:]
    rng = np.random.default_rng(seed)
    values = np.empty((resamples, 2))
    for row in values:
        again.evalImgs = of_all_sizes[:, rng.integers(0, images, images)].ravel().tolist()
        again.accumulate()
        precision = again.eval["precision"]
        classes = range(precision.shape[2])
        row[0] = np.nanmean([_mean(precision[:, :, one]) for one in classes])
        row[1] = np.nanmean([_mean(precision[0, :, one]) for one in classes])
    return values


def _mean(precision: Any) -> float:
    there = precision[precision > NOTHING]
    return float(there.mean()) if there.size else float("nan")


def _as_coco(images: Sequence[DetectionImage], classes: Sequence[str]) -> dict[str, Any]:
    annotations = []
    for number, one in enumerate(images):
        for (left, top, right, bottom), label in zip(
            one.boxes.tolist(), one.labels.tolist(), strict=True
        ):
            area = (right - left) * (bottom - top)
            sides = [left, top, right - left, bottom - top]
            annotations.append(
                {"image_id": number, "category_id": label, "bbox": sides, "area": area}
            )
    for number, annotation in enumerate(annotations, 1):
        annotation |= {"id": number, "iscrowd": 0}
    return {
        "info": {},
        "images": [
            {"id": number, "width": one.size[0], "height": one.size[1]}
            for number, one in enumerate(images)
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(classes)],
        "annotations": annotations,
    }


def _as_annotations(found: Sequence[Detections]) -> list[dict[str, Any]]:
    annotations = [
        {
            "image_id": number,
            "category_id": label,
            "bbox": [left, top, right - left, bottom - top],
            "area": (right - left) * (bottom - top),
            "score": score,
            "iscrowd": 0,
        }
        for number, one in enumerate(found)
        for (left, top, right, bottom), label, score in zip(
            one.boxes.tolist(), one.labels.tolist(), one.scores.tolist(), strict=True
        )
    ]
    return [{**annotation, "id": number} for number, annotation in enumerate(annotations, 1)]
