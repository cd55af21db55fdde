"""Of the many boxes that a detector says, those to answer with."""

from typing import Any

import tensorflow as tf

LOWEST_SCORE, MOST_OVERLAP, MOST_BOXES = 0.02, 0.6, 100


def non_max_suppression(
    logits: Any,
    boxes: Any,
    *,
    lowest: float = LOWEST_SCORE,
    overlap: float = MOST_OVERLAP,
    most: int = MOST_BOXES,
) -> tuple[Any, Any, Any]:
    """Non-maximum suppression, class by class, in an operation of core TensorFlow.

    Args:
        logits: float [batch, places, classes].
        boxes: float [batch, places, 4], left, top, right and bottom.
        lowest: score below which a box is left out.
        overlap: with a better box of its class above which a box is left out.
        most: boxes of an image.

    Returns:
        Boxes, float [batch, most, 4]; classes, int32 [batch, most], -1 where there are no more;
        scores, float [batch, most], falling, 0 where there are no more.

    Example:

    >>> boxes = tf.constant([[[0.0, 0, 9, 9], [0, 0, 9, 8], [20, 20, 30, 30]]])
    >>> logits = tf.constant([[[2.0], [1.0], [0.0]]])
    >>> _, classes, scores = non_max_suppression(logits, boxes, most=3)
    >>> classes.numpy().tolist(), scores.numpy().round(2)
    ([[0, 0, -1]], array([[0.88, 0.5 , 0.  ]], dtype=float32))
    """
    found, scores, classes, count = tf.image.combined_non_max_suppression(
        boxes[:, :, None],
        tf.sigmoid(logits),
        max_output_size_per_class=most,
        max_total_size=most,
        iou_threshold=overlap,
        score_threshold=lowest,
        clip_boxes=False,
    )
    there = tf.range(most)[None] < count[:, None]
    return found, tf.where(there, tf.cast(classes, tf.int32), -1), scores
