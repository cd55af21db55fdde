"""Re-ranking: boosts and diversity."""

from typing import Any

import tensorflow as tf


def diversify(
    scores: Any, k: int, *, vectors: Any, diversity: Any, categories: Any, at_most: Any
) -> Any:
    """Select k candidates greedily by maximal marginal relevance (MMR), with a limit per category.

    Each step takes the candidate with the highest `(1 - diversity) * relevance - diversity *
    similarity`. Relevance is the score, scaled to 0 for the lowest and 1 for the highest candidate
    of the row; similarity is the highest cosine with a candidate selected before. Ties go to the
    higher score, then to the first candidate. Candidates that would exceed the limit of a category
    are skipped.

    Args:
        scores: float32 [batch, n]; the lowest float is padding.
        k: length of the result.
        vectors: float32 [batch, n, dim], of unit length.
        diversity: float32 [batch], from 0 (by score alone) to 1.
        categories: int32 [batch, n, m], the categories of each candidate; 0 is padding.
        at_most: int32 [batch], maximum number of candidates per category; below 1, no limit.

    Returns:
        Indices of the candidates, int32 [batch, k]; -1 where no candidate is left.

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
    # Sorted by score, so that candidates of equal relevance, also by rounding, keep that order.
    order = tf.argsort(scores, axis=1, direction="DESCENDING", stable=True)
    scores, vectors, categories = (
        tf.gather(x, order, batch_dims=1) for x in (scores, vectors, categories)
    )
    is_candidate = scores > scores.dtype.min
    relevance = _from_zero_to_one(scores, is_candidate)
    diversity = diversity[:, None]
    limit = tf.where(at_most > 0, at_most, tf.int32.max)[:, None]

    def select(step: Any, is_open: Any, similarity: Any, count: Any, selected: Any) -> Any:
        # A candidate is open while none of its categories is full.
        is_left = is_open & tf.reduce_all(count < limit[..., None], axis=2)
        marginal = (1 - diversity) * relevance - diversity * similarity
        best = tf.argmax(tf.where(is_left, marginal, -2.0), axis=1, output_type=tf.int32)
        is_found = tf.reduce_any(is_left, axis=1)
        vector = tf.gather(vectors, best, batch_dims=1)
        similarity = tf.maximum(similarity, tf.linalg.matvec(vectors, vector))
        category = tf.gather(categories, best, batch_dims=1)[:, None, None]
        is_same = tf.reduce_any(tf.equal(categories[..., None], category), axis=3)
        counts = is_same & (categories > 0) & is_found[:, None, None]
        is_best = tf.equal(tf.range(tf.shape(scores)[1]), best[:, None])
        return (
            step + 1,
            is_open & ~is_best,
            similarity,
            count + tf.cast(counts, tf.int32),
            selected.write(step, tf.where(is_found, best, -1)),
        )

    _, _, _, _, selection = tf.while_loop(
        lambda step, *_: step < k,
        select,
        (
            tf.constant(0),
            is_candidate,
            tf.fill(tf.shape(scores), -1.0),
            tf.zeros_like(categories),
            tf.TensorArray(tf.int32, k, element_shape=[scores.shape[0]]),
        ),
    )
    selected = tf.transpose(selection.stack())
    original = tf.gather(order, tf.maximum(selected, 0), batch_dims=1)
    return tf.where(selected < 0, -1, original)


def _from_zero_to_one(scores: Any, is_candidate: Any) -> Any:
    highest = tf.reduce_max(scores, axis=1, keepdims=True)
    lowest = tf.reduce_min(tf.where(is_candidate, scores, highest), axis=1, keepdims=True)
    spread = tf.maximum(highest - lowest, 1e-9)
    return tf.where(is_candidate, (scores - lowest) / spread, 0.0)


# Scores are log-odds: a factor of a million decides any ranking and stays finite.
LEAST, MOST = 1e-6, 1e6


def apply_boosts(scores: Any, is_meant: Any, factors: Any) -> Any:
    """Multiply the odds of some candidates.

    A factor of 2 doubles the odds of a candidate: its score, a log-odds, rises by log 2. The
    factors of several boosts of the same candidate multiply.

    Args:
        scores: float32 [batch, n]; the lowest float is padding.
        is_meant: bool [batch, n, m], whether boost m applies to candidate n.
        factors: float32 [batch, m], clipped to [1e-6, 1e6]. A factor that is 0, negative or NaN
            removes the candidate.

    Returns:
        float32 [batch, n]; removed candidates have the lowest float.

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
