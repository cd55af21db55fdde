"""Task-aligned assignment of anchor points to objects."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.losses import iou


@dataclass(frozen=True)
class AnchorPoints:
    """Anchor points of a detector, of all strides.

    Args:
        centres: float32 [points, 2], x and y in pixels.
        strides: float32 [points], stride of each point in pixels.
    """

    centres: NDArray[np.float32]
    strides: NDArray[np.float32]


def anchor_points(shape: tuple[int, int], strides: tuple[int, ...]) -> AnchorPoints:
    """Centres of the grid cells of every stride, row by row.

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
    """Training targets of every anchor point.

    Args:
        quality: float [batch, places, classes], target of the scores, 0 without an object.
        boxes: float [batch, places, 4]; arbitrary without an object.
        weights: float [batch, places], weight of the box loss, 0 without an object.
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
    """Assign to each object the anchor points inside it with the best current predictions.

    The alignment of a point with an object is score^alpha * IoU^beta. Each object gets its `most`
    best points; a point that several objects claim goes to the one with the highest IoU. The target
    of the score is the alignment, scaled so that its maximum for an object is the highest IoU of
    its points. Unlike a fixed rule by distance, this works for overlapping objects.

    Args:
        places: the anchor points.
        scores: float [batch, points, classes], probabilities.
        predicted: float [batch, points, 4], predicted boxes.
        boxes: float [batch, objects, 4].
        labels: int [batch, objects], -1 is padding.
        most: maximum number of points per object.
        alpha: exponent of the score.
        beta: exponent of the IoU.

    Returns:
        The targets; gradients are stopped.

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

    # A point that several objects claim goes to the one with the highest IoU.
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
    """Whether a point is in the box; boxes count as at least one cell wide and high."""
    middle = (boxes[:, :, None, :2] + boxes[:, :, None, 2:]) / 2
    half = (boxes[:, :, None, 2:] - boxes[:, :, None, :2]) / 2
    reach = tf.maximum(half, places.strides[None, None, :, None] / 2)
    return tf.reduce_all(tf.abs(places.centres[None, None] - middle) <= reach, axis=-1)
