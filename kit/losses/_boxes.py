"""Overlap of boxes: IoU and generalized IoU."""

from typing import Any

import tensorflow as tf


def iou(boxes: Any, others: Any) -> Any:
    """Intersection over union (IoU) of boxes.

    Args:
        boxes: float [..., 4], left, top, right and bottom.
        others: same shape, or broadcastable to it.

    Returns:
        float [...], in [0, 1]; 0 if neither box has an area.

    Example:

    >>> float(iou(tf.constant([0.0, 0, 2, 2]), tf.constant([1.0, 0, 3, 2])))
    0.3333333432674408
    """
    intersection, union = _intersection_and_union(boxes, others)
    return tf.math.divide_no_nan(intersection, union)


def giou(boxes: Any, others: Any) -> Any:
    """Generalized IoU: IoU minus the share of the enclosing box that neither box covers.

    Args:
        boxes: float [..., 4], left, top, right and bottom.
        others: same shape, or broadcastable to it.

    Returns:
        float [...], in [-1, 1]. Unlike `iou`, it decreases with the distance of disjoint boxes, so
        as a loss it has a gradient there.

    Source: Rezatofighi et al. (2019), Generalized intersection over union.

    Example:

    >>> float(giou(tf.constant([0.0, 0, 1, 1]), tf.constant([3.0, 0, 4, 1])))
    -0.5
    """
    intersection, union = _intersection_and_union(boxes, others)
    corners = (
        tf.minimum(boxes[..., :2], others[..., :2]),
        tf.maximum(boxes[..., 2:], others[..., 2:]),
    )
    hull = tf.reduce_prod(tf.maximum(corners[1] - corners[0], 0), axis=-1)
    apart = tf.math.divide_no_nan(hull - union, hull)
    return tf.math.divide_no_nan(intersection, union) - apart


def _intersection_and_union(boxes: Any, others: Any) -> tuple[Any, Any]:
    left_top = tf.maximum(boxes[..., :2], others[..., :2])
    right_bottom = tf.minimum(boxes[..., 2:], others[..., 2:])
    intersection = tf.reduce_prod(tf.maximum(right_bottom - left_top, 0), axis=-1)
    return intersection, _area(boxes) + _area(others) - intersection


def _area(boxes: Any) -> Any:
    return tf.reduce_prod(tf.maximum(boxes[..., 2:] - boxes[..., :2], 0), axis=-1)
