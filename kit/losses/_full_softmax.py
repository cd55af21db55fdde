"""Cross-entropy over the whole catalogue, several targets a row."""

from typing import Any

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
    """Weighted mean of -log softmax(query . candidates / temperature)[target].

    Row 0 of the candidates stands for "no item" and takes no part.

    Args:
        queries: float [batch, dim].
        candidates: float [items + 1, dim], the catalogue.
        targets: int32 [batch, targets], rows of `candidates`; 0 is padding.
        weights: float [batch, targets].
        excluded: int32 [batch, n], items that are no negatives of the row (what the user has
            already); 0 is padding.
        temperature: divides the scores; above 0.

    Returns:
        A scalar; 0 where every target is padding.

    Source: Covington, Adams and Sargin (2016), Deep neural networks for YouTube recommendations;
    several targets a row as in Liang et al. (2018), Variational autoencoders for collaborative
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
    """Mean of the values where there is a target, by weight.

    Where several replicas have a part of the batch each, the mean of their results is that mean
    over the whole batch, whatever the weights of the parts.
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
    """float32 [batch, size] with ones at the items of each row, int [batch, n]; 0 is padding.

    An item must not repeat within a row.
    """
    items = tf.cast(items, tf.int32)
    batch = tf.shape(items)[0]
    rows = tf.broadcast_to(tf.range(batch)[:, None], tf.shape(items))
    ones = tf.cast(tf.not_equal(items, 0), tf.float32)
    return tf.scatter_nd(tf.stack([rows, items], axis=-1), ones, tf.stack([batch, size]))
