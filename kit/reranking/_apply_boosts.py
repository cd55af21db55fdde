"""Scores under a request's boosts."""

from typing import Any

import tensorflow as tf

# Scores are log-odds: six powers of ten decide any list and keep it finite.
LEAST, MOST = 1e-6, 1e6


def apply_boosts(scores: Any, is_meant: Any, factors: Any) -> Any:
    """Multiply the odds of some candidates.

    A factor of 2 makes a candidate twice as likely beside the others: its score, a log-odds, rises
    by log 2. The factors of several boosts that mean the same candidate multiply.

    Args:
        scores: float32 [batch, n]; the lowest float is no candidate.
        is_meant: bool [batch, n, m], whether each boost is about each candidate.
        factors: float32 [batch, m], within 1e-6 and 1e6; what lies outside is drawn in. A factor of
            0 or below, or that is no number, takes the candidate out.

    Returns:
        float32 [batch, n]; what was taken out has the lowest float.

    Example:

    >>> is_meant = tf.constant([[[True, False], [False, True]]])
    >>> apply_boosts(tf.zeros([1, 2]), is_meant, tf.constant([[1.0, 0.0]])).numpy()
    array([[ 0.0000000e+00, -3.4028235e+38]], dtype=float32)
    """
    is_factor = factors > 0
    gains = tf.math.log(tf.clip_by_value(tf.where(is_factor, factors, 1.0), LEAST, MOST))
    total = scores + tf.linalg.matvec(tf.cast(is_meant, tf.float32), gains)
    is_out = tf.reduce_any(is_meant & ~is_factor[:, None], axis=2)
    lowest = scores.dtype.min
    return tf.where(is_out | (scores <= lowest), lowest, total)
