"""Which found boxes are right, which objects were missed, and above which score to believe."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kit.data.detection import DetectionImage
from kit.evaluation.detection._detections import Detections

HALF = 0.5


@dataclass(frozen=True)
class Matches:
    """Detected boxes against objects of one image.

    Args:
        right: bool [found], whether a box frames an object of its class that no better box framed.
        missed: bool [objects].
    """

    right: NDArray[np.bool_]
    missed: NDArray[np.bool_]


def matched(image: DetectionImage, found: Detections) -> Matches:
    """Give each found box, best first, the object of its class that it overlaps most.

    Boxes that overlap by a half or more agree.

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
    """The least score to believe for the largest F1, the mean of precision and recall.

    Args:
        images: to choose by, not those to be judged by.
        found: of each image.
    """
    scores = np.concatenate([one.scores for one in found])
    if not len(scores):
        return HALF
    # As better boxes choose first, those of low scores change nothing about those above.
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
