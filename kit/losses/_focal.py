"""Cross-entropy that looks at what is still wrong."""

from typing import Any

import tensorflow as tf


def quality_focal(quality: Any, logits: Any, *, gamma: float = 2.0) -> Any:
    """Binary cross-entropy with each term weighted by how far the probability is from its target.

    Of the thousands of places of an image nearly all hold nothing and are soon known to; without
    the weight their many small losses would be most of the sum. The target need not be 0 or 1: with
    the overlap of a predicted box as the target, the score says how good the box is. With targets
    of 0 and 1 it is the focal loss.

    Args:
        quality: float [...], targets from 0 to 1.
        logits: float [...].
        gamma: exponent of the weight; 0 is plain cross-entropy.

    Returns:
        float [...], a loss for each term.

    Source: Lin et al. (2017), Focal loss for dense object detection; Li et al. (2020), Generalized
    focal loss.

    Example:

    >>> quality_focal(tf.constant([1.0, 0.0]), tf.constant([0.0, 0.0])).numpy().round(4)
    array([0.1733, 0.1733], dtype=float32)
    """
    weight = tf.abs(quality - tf.sigmoid(logits)) ** gamma
    return weight * tf.nn.sigmoid_cross_entropy_with_logits(labels=quality, logits=logits)
