"""Softmax losses: full, sampled and listwise."""

from typing import Any

import keras
import keras_rs
import tensorflow as tf

MASKED = -1e9


def full_softmax(
    queries: tf.Tensor,
    candidates: tf.Tensor,
    targets: tf.Tensor,
    weights: tf.Tensor,
    *,
    excluded: tf.Tensor | None = None,
    temperature: float = 1.0,
) -> tf.Tensor:
    """Softmax cross-entropy over the whole catalogue.

    The weighted mean of `-log softmax(query . candidates / temperature)[target]`. Row 0 of the
    candidates is padding and is ignored.

    Args:
        queries: float [batch, dim].
        candidates: float [items + 1, dim], the catalogue.
        targets: int32 [batch, targets], rows of `candidates`; 0 is padding.
        weights: float [batch, targets].
        excluded: int32 [batch, n], items that are not used as negatives of the row, such as those
            the user has already; 0 is padding.
        temperature: divides the scores; above 0.

    Returns:
        A scalar; 0 where every target is padding.

    Source: Covington, Adams and Sargin (2016), Deep neural networks for YouTube recommendations;
    several targets per row as in Liang et al. (2018), Variational autoencoders for collaborative
    filtering.

    Example:

    >>> catalogue = tf.constant([[0.0], [1.0], [1.0]])
    >>> loss = full_softmax(tf.ones([1, 1]), catalogue, tf.constant([[2]]), tf.ones([1, 1]))
    >>> round(float(loss), 4)
    0.6931
    """
    logits = _scores(queries, candidates, temperature)
    logits += tf.one_hot(0, tf.shape(logits)[1], on_value=MASKED)
    if excluded is not None:
        logits += MASKED * multi_hot(excluded, tf.shape(logits)[1])
    log_normaliser = tf.reduce_logsumexp(logits, axis=1, keepdims=True)
    log_likelihood = tf.gather(logits, targets, batch_dims=1) - log_normaliser
    return weighted_mean(-log_likelihood, targets, weights)


def weighted_mean(values: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Weighted mean of the values that have a target.

    Under a distribution strategy, the mean of the results of all replicas is the weighted mean over
    the global batch, whatever the sums of weights per replica.
    """
    weights = tf.where(targets > 0, tf.cast(weights, values.dtype), 0)
    values = tf.where(targets > 0, values, 0)
    return tf.math.divide_no_nan(
        tf.reduce_sum(values * weights), _mean_of_replicas(tf.reduce_sum(weights))
    )


def _mean_of_replicas(value: tf.Tensor) -> tf.Tensor:
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return value
    return replica.all_reduce(tf.distribute.ReduceOp.MEAN, value)


def _scores(queries: tf.Tensor, candidates: tf.Tensor, temperature: float) -> Any:
    scores = tf.matmul(queries, candidates, transpose_b=True)
    return tf.cast(scores, tf.float32) / temperature


def multi_hot(items: tf.Tensor, size: int | tf.Tensor) -> tf.Tensor:
    """Multi-hot encoding of items: int [batch, n] -> float32 [batch, size]; 0 is padding.

    An item must not repeat within a row.
    """
    items = tf.cast(items, tf.int32)
    batch = tf.shape(items)[0]
    rows = tf.broadcast_to(tf.range(batch)[:, None], tf.shape(items))
    ones = tf.cast(tf.not_equal(items, 0), tf.float32)
    return tf.scatter_nd(tf.stack([rows, items], axis=-1), ones, tf.stack([batch, size]))


def sampled_softmax(
    queries: tf.Tensor,
    positives: tf.Tensor,
    negatives: tf.Tensor,
    targets: tf.Tensor,
    negative_ids: tf.Tensor,
    weights: tf.Tensor,
    *,
    negative_probability: tf.Tensor,
    excluded: tf.Tensor | None = None,
    num_hard_negatives: int | None = None,
    temperature: float = 1.0,
) -> tf.Tensor:
    """Sampled softmax cross-entropy with logQ correction and negatives shared by the batch.

    The logarithm of an item's expected count among the negatives is subtracted from its score
    (logQ), so that the sample represents the whole catalogue: with more negatives, loss and
    gradient approach those of `full_softmax`. A row's own targets are always present and are not
    corrected. A negative that is a target or an excluded item of the row is ignored for it.

    Args:
        queries: float [batch, dim].
        positives: float [batch, targets, dim], vectors of the targets.
        negatives: float [negatives, dim], shared by the batch.
        targets: int32 [batch, targets], distinct within a row; 0 is padding.
        negative_ids: int32 [negatives]; 0 is padding.
        weights: float [batch, targets].
        negative_probability: float [negatives], probability that one draw gives this item.
        excluded: int32 [batch, n], further items that are not used as negatives of the row; 0 is
            padding.
        num_hard_negatives: number of highest-scored negatives to keep per row; None for all.
        temperature: divides the scores; above 0.

    Returns:
        A scalar; 0 where every target is padding.

    Source: Yi et al. (2019), Sampling-bias-corrected neural modeling for large corpus item
    recommendations; mixed negatives as in Yang et al. (2020), Mixed negative sampling for learning
    two-tower neural networks in recommendations. There the target's score is corrected as well,
    and the gradient stays biased however many negatives are drawn.

    Example:

    >>> item = tf.ones([1, 1])
    >>> loss = sampled_softmax(
    ...     item, item[None], item, tf.constant([[2]]), tf.constant([1]), item,
    ...     negative_probability=tf.constant([0.5]))
    >>> round(float(loss), 4)  # One draw of probability 1/2 stands for two items.
    1.0986
    """
    # The default epsilon of 1e-6 would clip the probabilities of a catalogue above a million items,
    # and half precision is too coarse for the logarithms.
    log_q = keras_rs.layers.SamplingProbabilityCorrection(epsilon=1e-20, dtype="float32")
    order = tf.argsort(negative_ids)
    ids, probability = tf.gather(negative_ids, order), tf.gather(negative_probability, order)
    queries = queries / temperature
    # An id that was drawn several times is scored once, at its first position, with its count.
    first = tf.searchsorted(ids, ids)
    times = tf.cast(tf.searchsorted(ids, ids, side="right") - first, tf.float32)
    draws = tf.cast(tf.math.count_nonzero(ids), tf.float32)
    correction = log_q(tf.math.log(times / tf.maximum(draws, 1)), probability)
    is_scored = tf.equal(first, tf.range(tf.size(ids))) & tf.not_equal(ids, 0)
    correction = tf.where(is_scored, correction, MASKED)

    positive = tf.cast(tf.einsum("bd,bmd->bm", queries, positives), tf.float32)
    positive = tf.where(targets > 0, positive, MASKED)
    negative = tf.matmul(queries, tf.gather(negatives, order), transpose_b=True)
    no_negatives = targets if excluded is None else tf.concat([targets, excluded], axis=1)
    negative = tf.cast(negative, tf.float32) + correction + _accidental_hits(ids, no_negatives)
    if num_hard_negatives is not None:
        hardest = tf.minimum(num_hard_negatives, tf.shape(negative)[1])
        negative = tf.math.top_k(negative, k=hardest, sorted=False).values
    sums = [tf.reduce_logsumexp(scores, axis=1) for scores in (positive, negative)]
    log_normaliser = tf.reduce_logsumexp(tf.stack(sums, axis=1), axis=1, keepdims=True)
    return weighted_mean(log_normaliser - positive, targets, weights)


def _accidental_hits(sorted_ids: tf.Tensor, sets: tf.Tensor) -> tf.Tensor:
    """Mask, float32 [batch, ids]: `MASKED` at the first position of each id in the row's set.

    Uses a search and a scatter: comparing all pairs would cost more than the scores.
    """
    batch, num_ids = tf.shape(sets)[0], tf.size(sorted_ids)
    position = tf.minimum(tf.searchsorted(sorted_ids, tf.reshape(sets, [-1])), num_ids - 1)
    position = tf.reshape(position, tf.shape(sets))
    is_hit = tf.equal(tf.gather(sorted_ids, position), sets)
    rows = tf.broadcast_to(tf.range(batch)[:, None], tf.shape(sets))
    return tf.scatter_nd(
        tf.stack([rows, position], axis=-1),
        tf.where(is_hit, MASKED, 0.0),
        tf.stack([batch, num_ids]),
    )


@keras.saving.register_keras_serializable(package="kit")
class ListwiseSoftmax(keras.losses.Loss):
    """Listwise softmax (ListNet) cross-entropy of the scores of a list of candidates.

    Call arguments:
        y_true: float [batch, n], 1 for relevant candidates, else 0.
        y_pred: float [batch, n], scores; the lowest float marks padding.

    Returns:
        `-sum(y * log(softmax(scores))) / sum(y)` of each list; 0 for lists without a relevant
        candidate.

    Source: Cao et al. (2007), Learning to rank: from pairwise approach to listwise approach.

    Example:

    >>> float(ListwiseSoftmax()(tf.constant([[1.0, 0.0]]), tf.constant([[0.0, 0.0]]))) > 0.69
    True
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        scores, relevant = tf.cast(y_pred, tf.float32), tf.cast(y_true, tf.float32)
        # Not just a product: the log-softmax of padding may be infinite, and 0 * inf is NaN.
        losses = tf.where(relevant > 0, -tf.nn.log_softmax(scores, axis=1), 0.0)
        total = tf.reduce_sum(relevant * losses, axis=1)
        return total / tf.maximum(tf.reduce_sum(relevant, axis=1), 1)
