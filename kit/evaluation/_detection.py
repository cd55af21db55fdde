"""Detections and their average precision."""

import contextlib
import copy
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.detection import DetectionImage
from kit.data.images import decode_upright
from kit.layers import letterbox
from kit.metrics import check_finite
from kit.models import Detector, non_max_suppression
from kit.progress import Stage, stage

AT_ONCE = 16


@dataclass(frozen=True)
class Detections:
    """Boxes detected in an image, by descending score.

    Args:
        boxes: float32 [boxes, 4], left, top, right and bottom in pixels of the image.
        labels: int32 [boxes], indices into the list of classes.
        scores: float32 [boxes], 0 to 1.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int32]
    scores: NDArray[np.float32]


class DetectionPredictor:
    """Predicts boxes of images that are preprocessed once, for example after every epoch.

    Args:
        images: to detect objects in.
        model: used in its state at the time of each prediction.
    """

    def __init__(self, images: Sequence[DetectionImage], model: Detector) -> None:
        canvases, self.scales = [], []
        for one in images:
            image = decode_upright(one.encoded(), 3)
            canvas, scale = letterbox(image, model.picture_shape)
            canvases.append(canvas.numpy())
            self.scales.append(float(scale))
        self.pixels = np.stack(canvases)
        self.sizes = [one.size for one in images]
        self._look: Any = tf.function(
            lambda x: non_max_suppression(*model(x, training=False)), autograph=False
        )

    def found(self) -> list[Detections]:
        """Detections of the model in its current state, one for each image."""
        with stage("evaluate", len(self.pixels), "images") as looked_at:
            return self._found(looked_at)

    def _found(self, looked_at: Stage) -> list[Detections]:
        found = []
        for start in range(0, len(self.pixels), AT_ONCE):
            part = self.pixels[start : start + AT_ONCE]
            # All batches have one shape, so that the graph is traced once.
            filled = np.concatenate([part, np.zeros((AT_ONCE - len(part), *part.shape[1:]), "f")])
            boxes, labels, scores = (one.numpy() for one in self._look(tf.constant(filled)))
            for row in range(len(part)):
                number = start + row
                there = labels[row] >= 0
                limits = np.array([*self.sizes[number], *self.sizes[number]], np.float32)
                sides = np.clip(boxes[row][there] / self.scales[number], 0, limits)
                found.append(Detections(sides, labels[row][there], scores[row][there]))
            looked_at.advance(len(part))
        return found


# COCO's value for a metric that does not exist.
NOTHING = -1


@dataclass(frozen=True)
class AveragePrecision:
    """Average precision of detections.

    Args:
        of_class: class to (mAP, AP at IoU .50); nan for a class without boxes.
        curves: class to the precision at IoU .50, float [101], by recall from 0 to 1.
        small: mAP of boxes under 32 pixels squared, nan where there are none.
        medium: of those up to 96 squared.
        large: of the others.
        resampled: float [resamples, 2], mAP and mAP50 of resampled images; [0, 2] without
            resamples.
    """

    of_class: dict[str, tuple[float, float]]
    curves: dict[str, NDArray[np.float64]]
    small: float
    medium: float
    large: float
    resampled: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))

    @property
    def mean(self) -> float:
        """mAP: the mean over classes and IoU thresholds from .50 to .95."""
        return float(np.nanmean([mean for mean, _ in self.of_class.values()]))

    @property
    def at_half(self) -> float:
        """mAP50: the mean over classes at IoU .50."""
        return float(np.nanmean([half for _, half in self.of_class.values()]))


def average_precision(
    images: Sequence[DetectionImage],
    found: Sequence[Detections],
    classes: Sequence[str],
    *,
    resamples: int = 0,
    seed: int = 0,
) -> AveragePrecision:
    """Compare detections with the labelled boxes.

    Args:
        images: with their boxes.
        found: detections of each image; the 100 best count.
        classes: names.
        resamples: number of bootstrap resamples of the images.
        seed: of the resamples.

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
    # Imported here because nothing else needs it.
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    # pycocotools prints its progress.
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
    """mAP and mAP50 of resampled images; matches depend on one image, so they are computed once."""
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


HALF = 0.5


@dataclass(frozen=True)
class Matches:
    """Detected boxes against objects of one image.

    Args:
        right: bool [found], whether a box matches an object of its class that no box of a higher
            score matches.
        missed: bool [objects], whether no box matches the object.
    """

    right: NDArray[np.bool_]
    missed: NDArray[np.bool_]


def matched(image: DetectionImage, found: Detections) -> Matches:
    """Match each detected box, by descending score, to the object of its class of highest IoU.

    A match needs an IoU of at least one half.

    Example:

    >>> boxes, same = np.float32([[0, 0, 4, 4], [5, 5, 9, 9]]), np.int32([0, 0])
    >>> found = Detections(boxes - np.float32([[0], [5]]), same, np.float32([1, 0.5]))
    >>> matched(DetectionImage("a", b"", (9, 9), boxes, same), found)
    Matches(right=array([ True, False]), missed=array([False,  True]))
    """
    overlaps = _overlaps(found.boxes, image.boxes)
    overlaps[found.labels[:, None] != image.labels[None]] = 0
    right = np.zeros(len(found.boxes), bool)
    missed = np.ones(len(image.boxes), bool)
    for number in np.argsort(-found.scores, kind="stable"):
        free = np.where(missed, overlaps[number], 0)
        if free.size and free.max() >= HALF:
            right[number], missed[free.argmax()] = True, False
    return Matches(right, missed)


def above(found: Detections, score: float) -> Detections:
    """The boxes of at least that score."""
    kept = found.scores >= score
    return Detections(found.boxes[kept], found.labels[kept], found.scores[kept])


def best_score(images: Sequence[DetectionImage], found: Sequence[Detections]) -> float:
    """The score threshold with the largest F1, the harmonic mean of precision and recall.

    Args:
        images: of valid, not of test.
        found: detections of each image.
    """
    scores = np.concatenate([one.scores for one in found])
    if not len(scores):
        return HALF
    # Boxes of higher scores are matched first, so those below a threshold change no match above.
    right = np.concatenate(
        [matched(image, one).right for image, one in zip(images, found, strict=True)]
    )
    order = np.argsort(-scores, kind="stable")
    objects = sum(len(image.boxes) for image in images)
    f1 = 2 * np.cumsum(right[order]) / (np.arange(1, len(order) + 1) + objects)
    return float(scores[order][f1.argmax()])


def _overlaps(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    one, two = boxes[:, None], others[None]
    low, high = np.maximum(one[..., :2], two[..., :2]), np.minimum(one[..., 2:], two[..., 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=-1)
    areas = [np.prod(x[..., 2:] - x[..., :2], axis=-1) for x in (one, two)]
    overlaps: NDArray[np.float32] = shared / np.maximum(areas[0] + areas[1] - shared, 1e-9)
    return overlaps
