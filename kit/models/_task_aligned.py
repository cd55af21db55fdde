"""Which places of an image are to find which object."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.losses import iou


@dataclass(frozen=True)
class AnchorPoints:
    """Where a detector looks, at all strides one after the other.

    Args:
        centres: float32 [places, 2], x and y in pixels.
        strides: float32 [places], pixels from one place to the next.
    """

    centres: NDArray[np.float32]
    strides: NDArray[np.float32]


def anchor_points(shape: tuple[int, int], strides: tuple[int, ...]) -> AnchorPoints:
    """The middles of the cells of every stride, row by row.

    Args:
        shape: height and width of the image, multiples of the strides.
        strides: in the order of the detector's outputs.

    Example:

    >>> anchor_points((32, 64), (32,)).centres.tolist()
    [[16.0, 16.0], [48.0, 16.0]]
    """
    centres, sizes = [], []
    for stride in strides:
        y, x = (np.arange(stride / 2, side, stride, dtype=np.float32) for side in shape)
        centres.append(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))
        sizes.append(np.full(len(centres[-1]), stride, np.float32))
    return AnchorPoints(np.concatenate(centres), np.concatenate(sizes))


@dataclass(frozen=True)
class Assignment:
    """What every place should say.

    Args:
        quality: float [batch, places, classes], target of the scores, 0 where there is nothing.
        boxes: float [batch, places, 4]; of places without an object any.
        weights: float [batch, places], what the box counts in the loss, 0 without an object.
    """

    quality: Any
    boxes: Any
    weights: Any


def task_aligned_assignment(
    places: AnchorPoints,
    scores: Any,
    predicted: Any,
    boxes: Any,
    labels: Any,
    *,
    most: int = 10,
    alpha: float = 1.0,
    beta: float = 6.0,
) -> Assignment:
    """Give each object the places within it that score and frame it best, by the model as it is.

    A place is as good for an object as score^alpha overlap^beta says. Each object gets its `most`
    best, a place that several want goes to the one it overlaps most. The target of the score
    is that goodness, scaled so that the best place of an object has its overlap as target. Cells
    that lie over one another need this: a fixed rule by distance would give most places of the one
    behind to the one in front.

    Args:
        places: where the model looks.
        scores: float [batch, places, classes], probabilities.
        predicted: float [batch, places, 4], boxes.
        boxes: float [batch, objects, 4].
        labels: int [batch, objects], -1 where there is no object.
        most: places of an object.
        alpha: weight of the score.
        beta: weight of the overlap.

    Returns:
        Targets, without a gradient.

    Source: Feng et al. (2021), TOOD: task-aligned one-stage object detection.
    """
    classes = tf.shape(scores)[-1]
    known = labels >= 0
    near = _near(places, boxes) & known[:, :, None]
    overlaps = iou(boxes[:, :, None], predicted[:, None]) * tf.cast(near, tf.float32)
    of_label = tf.gather(
        tf.transpose(scores, [0, 2, 1]), tf.maximum(labels, 0), axis=1, batch_dims=1
    )
    goodness = of_label**alpha * overlaps**beta
    best = tf.math.top_k(goodness, min(most, goodness.shape[-1]), sorted=True).values
    chosen = (goodness >= best[:, :, -1:]) & (goodness > 0)

    # Of a place that several objects chose, the one it overlaps most.
    rival = tf.where(chosen, overlaps, -1.0)
    owner = tf.argmax(rival, axis=1, output_type=tf.int32)
    owned = tf.reduce_max(rival, axis=1) >= 0
    chosen &= owner[:, None] == tf.range(tf.shape(boxes)[1])[None, :, None]

    goodness = tf.where(chosen, goodness, 0.0)
    highest = tf.reduce_max(goodness, axis=2, keepdims=True)
    widest = tf.reduce_max(tf.where(chosen, overlaps, 0.0), axis=2, keepdims=True)
    weights = tf.reduce_sum(tf.math.divide_no_nan(goodness, highest) * widest, axis=1)
    label = tf.gather(labels, owner, axis=1, batch_dims=1)
    quality = tf.one_hot(tf.where(owned, label, -1), classes) * weights[:, :, None]
    found = Assignment(quality, tf.gather(boxes, owner, axis=1, batch_dims=1), weights)
    return Assignment(*map(tf.stop_gradient, (found.quality, found.boxes, found.weights)))


def _near(places: AnchorPoints, boxes: Any) -> Any:
    """Whether a place lies in the box, or, as a box may hold none, within half a cell of it."""
    middle = (boxes[:, :, None, :2] + boxes[:, :, None, 2:]) / 2
    half = (boxes[:, :, None, 2:] - boxes[:, :, None, :2]) / 2
    reach = tf.maximum(half, places.strides[None, None, :, None] / 2)
    return tf.reduce_all(tf.abs(places.centres[None, None] - middle) <= reach, axis=-1)
