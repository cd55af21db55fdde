"""Images, and what a detector might find in them."""

import numpy as np

from kit.data.detection import DetectionData, DetectionImage
from kit.evaluation import Detections
from kit.report import DetectionReport
from tests.data.detection.boxed import squares

CLASSES = ["bright", "dark"]


def images(count=4, seed=0):
    return [
        DetectionImage(
            str(n), content, (96, 64), np.float32([b[1:] for b in boxes]), np.int32([0, 1])
        )
        for n, (content, boxes) in enumerate(squares(count, seed))
    ]


def found(boxes, labels, scores):
    return Detections(np.float32(boxes).reshape(-1, 4), np.int32(labels), np.float32(scores))


def report(count=6):
    """Of a detector that finds every bright square, no dark one, and one thing that is not."""
    parts = [images(count, seed) for seed in range(3)]
    data = DetectionData("cells", CLASSES, *parts, "random", ["1 boxes dropped: a.xml"], "MIT")
    said = [
        [found([one.boxes[0], [70, 40, 90, 60]], [0, 0], [0.9, 0.2]) for one in part]
        for part in parts[1:]
    ]
    return DetectionReport(
        recipe="object-detection",
        command="kit train object-detection --data cells",
        data=data,
        settings={"size": [64, 96]},
        valid=said[0],
        test=said[1],
        history=[{"epoch": 1.0, "loss": 2.0, "valid mAP50": 0.5}],
        metric="valid mAP50",
        seconds={"train": 1.0},
    )
