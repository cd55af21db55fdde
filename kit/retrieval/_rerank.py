"""Re-rank a list: boosts and diversity."""

from typing import Any

import tensorflow as tf


def diversify(
    scores: Any, k: int, *, vectors: Any, diversity: Any, categories: Any, at_most: Any
) -> Any:
    """Choose k candidates greedily by maximal marginal relevance, few of a category.

    Each step takes the candidate with the highest `(1 - diversity) * relevance - diversity *
    likeness`: relevance is the score, 0 at the lowest candidate of the row and 1 at the highest;
    likeness the highest cosine with a candidate taken before. Of equal candidates the one with the
    higher score is taken, then the one that stands first. What would exceed the limit of a category
    is passed over.

    Args:
        scores: float32 [batch, n]; the lowest float is no candidate.
        k: length of the result.
        vectors: float32 [batch, n, dim], of unit length.
        diversity: float32 [batch], 0 (by score alone) to 1.
        categories: int32 [batch, n, m], the categories of each candidate; 0 is padding.
        at_most: int32 [batch], how many of one category may be taken; below 1 there is no limit.

    Returns:
        Places of the candidates, int32 [batch, k]; -1 where there is nothing left to take.

    Source: Carbonell and Goldstein (1998), The use of MMR, diversity-based reranking for reordering
    documents and producing summaries; `diversity` is their 1 - lambda.

    Example:

    >>> vectors = tf.constant([[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]])
    >>> diversify(
    ...     tf.constant([[3.0, 2.0, 1.0]]),
    ...     k=2,
    ...     vectors=vectors,
    ...     diversity=tf.constant([0.6]),
    ...     categories=tf.zeros([1, 3, 1], tf.int32),
    ...     at_most=tf.constant([0]),
    ... ).numpy()
    array([[0, 2]], dtype=int32)
    """
    # By score, so that equal relevance, also by rounding, keeps the order of the scores.
    order = tf.argsort(scores, axis=1, direction="DESCENDING", stable=True)
    scores, vectors, categories = (
        tf.gather(x, order, batch_dims=1) for x in (scores, vectors, categories)
    )
    is_candidate = scores > scores.dtype.min
    relevance = _from_zero_to_one(scores, is_candidate)
    diversity = diversity[:, None]
    limit = tf.where(at_most > 0, at_most, tf.int32.max)[:, None]

    def take(step: Any, is_open: Any, likeness: Any, count: Any, places: Any) -> Any:
        # A candidate is open while none of its categories is full.
        is_left = is_open & tf.reduce_all(count < limit[..., None], axis=2)
        marginal = (1 - diversity) * relevance - diversity * likeness
        best = tf.argmax(tf.where(is_left, marginal, -2.0), axis=1, output_type=tf.int32)
        is_found = tf.reduce_any(is_left, axis=1)
        taken = tf.gather(vectors, best, batch_dims=1)
        likeness = tf.maximum(likeness, tf.linalg.matvec(vectors, taken))
        category = tf.gather(categories, best, batch_dims=1)[:, None, None]
        is_same = tf.reduce_any(tf.equal(categories[..., None], category), axis=3)
        counts = is_same & (categories > 0) & is_found[:, None, None]
        is_best = tf.equal(tf.range(tf.shape(scores)[1]), best[:, None])
        return (
            step + 1,
            is_open & ~is_best,
            likeness,
            count + tf.cast(counts, tf.int32),
            places.write(step, tf.where(is_found, best, -1)),
        )

    _, _, _, _, found = tf.while_loop(
        lambda step, *_: step < k,
        take,
        (
            tf.constant(0),
            is_candidate,
            tf.fill(tf.shape(scores), -1.0),
            tf.zeros_like(categories),
            tf.TensorArray(tf.int32, k, element_shape=[scores.shape[0]]),
        ),
    )
    places = tf.transpose(found.stack())
    original = tf.gather(order, tf.maximum(places, 0), batch_dims=1)
    return tf.where(places < 0, -1, original)


def _from_zero_to_one(scores: Any, is_candidate: Any) -> Any:
    highest = tf.reduce_max(scores, axis=1, keepdims=True)
    lowest = tf.reduce_min(tf.where(is_candidate, scores, highest), axis=1, keepdims=True)
    spread = tf.maximum(highest - lowest, 1e-9)
    return tf.where(is_candidate, (scores - lowest) / spread, 0.0)


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
