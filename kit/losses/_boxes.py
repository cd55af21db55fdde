"""How two boxes lie to one another: intersection over union, and a loss that has a slope apart."""

from typing import Any

import tensorflow as tf


def iou(boxes: Any, others: Any) -> Any:
    """Intersection over union.

    Args:
        boxes: float [..., 4], left, top, right and bottom.
        others: the same; both are broadcast.

    Returns:
        float [...], 0 to 1; 0 where both have no area.

    Example:

    >>> float(iou(tf.constant([0.0, 0, 2, 2]), tf.constant([1.0, 0, 3, 2])))
    0.3333333432674408
    """
    shared, union = _shared_and_union(boxes, others)
    return tf.math.divide_no_nan(shared, union)


def giou(boxes: Any, others: Any) -> Any:
    """Intersection over union, less the share of the hull that neither box covers.

    Args:
        boxes: float [..., 4], left, top, right and bottom.
        others: the same; both are broadcast.

    Returns:
        float [...], -1 to 1. Unlike `iou` it falls with the distance of boxes that are apart.

    Source: Rezatofighi et al. (2019), Generalized intersection over union.

    Example:

    >>> float(giou(tf.constant([0.0, 0, 1, 1]), tf.constant([3.0, 0, 4, 1])))
    -0.5
    """
    shared, union = _shared_and_union(boxes, others)
    corners = (
        tf.minimum(boxes[..., :2], others[..., :2]),
        tf.maximum(boxes[..., 2:], others[..., 2:]),
    )
    hull = tf.reduce_prod(tf.maximum(corners[1] - corners[0], 0), axis=-1)
    apart = tf.math.divide_no_nan(hull - union, hull)
    return tf.math.divide_no_nan(shared, union) - apart


def _shared_and_union(boxes: Any, others: Any) -> tuple[Any, Any]:
    left_top = tf.maximum(boxes[..., :2], others[..., :2])
    right_bottom = tf.minimum(boxes[..., 2:], others[..., 2:])
    shared = tf.reduce_prod(tf.maximum(right_bottom - left_top, 0), axis=-1)
    return shared, _area(boxes) + _area(others) - shared


def _area(boxes: Any) -> Any:
    return tf.reduce_prod(tf.maximum(boxes[..., 2:] - boxes[..., :2], 0), axis=-1)
