"""What a detector finds in images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.detection import DetectionImage
from kit.data.images import decode_upright
from kit.layers import letterbox
from kit.models import Detector, non_max_suppression
from kit.progress import Stage, stage

AT_ONCE = 16


@dataclass(frozen=True)
class Detections:
    """Boxes found in an image, best first.

    Args:
        boxes: float32 [boxes, 4], left, top, right and bottom in pixels of the image.
        labels: int32 [boxes], places in the list of classes.
        scores: float32 [boxes], 0 to 1.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int32]
    scores: NDArray[np.float32]


class DetectionPredictor:
    """Images as the model takes them, made once for many looks.

    Args:
        images: to look at.
        model: looks at them, as it stands then.
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
        """What the model as it stands finds in each image."""
        with stage("evaluate", len(self.pixels), "images") as looked_at:
            return self._found(looked_at)

    def _found(self, looked_at: Stage) -> list[Detections]:
        found = []
        for start in range(0, len(self.pixels), AT_ONCE):
            part = self.pixels[start : start + AT_ONCE]
            # Every batch has one shape, so that the graph is traced once.
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
