"""What a detector finds in pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.detection import Picture
from kit.data.images import decode_upright
from kit.layers import letterbox
from kit.models import Detector, best_boxes
from kit.progress import Stage, stage

AT_ONCE = 16


@dataclass(frozen=True)
class Found:
    """Boxes found in a picture, best first.

    Args:
        boxes: float32 [boxes, 4], left, top, right and bottom in pixels of the picture.
        labels: int32 [boxes], places in the list of classes.
        scores: float32 [boxes], 0 to 1.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int32]
    scores: NDArray[np.float32]


class Canvases:
    """Pictures as the model takes them, made once for many looks.

    Args:
        pictures: to look at.
        model: looks at them, as it stands then.
    """

    def __init__(self, pictures: Sequence[Picture], model: Detector) -> None:
        canvases, self.scales = [], []
        for one in pictures:
            picture = decode_upright(one.encoded(), 3)
            canvas, scale = letterbox(picture, model.picture_shape)
            canvases.append(canvas.numpy())
            self.scales.append(float(scale))
        self.pixels = np.stack(canvases)
        self.sizes = [one.size for one in pictures]
        self._look: Any = tf.function(
            lambda x: best_boxes(*model(x, training=False)), autograph=False
        )

    def found(self) -> list[Found]:
        """What the model as it stands finds in each picture."""
        with stage("evaluate", len(self.pixels), "images") as looked_at:
            return self._found(looked_at)

    def _found(self, looked_at: Stage) -> list[Found]:
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
                found.append(Found(sides, labels[row][there], scores[row][there]))
            looked_at.advance(len(part))
        return found
