"""Binary cross-entropy against many negatives, calibrated for how few of all items they are."""

import tensorflow as tf

from kit.losses._full_softmax import weighted_mean


def gbce(
    queries: tf.Tensor,
    positives: tf.Tensor,
    negatives: tf.Tensor,
    targets: tf.Tensor,
    negative_ids: tf.Tensor,
    weights: tf.Tensor,
    *,
    num_items: int,
    calibration: float = 0.75,
) -> tf.Tensor:
    """Weighted mean of -beta log sigmoid(positive) - sum of log(1 - sigmoid(negative)).

    With few negatives of many items plain binary cross-entropy grows too sure of all it ranks;
    beta, the power of the positive's probability, makes up for that.

    Args:
        queries: float [batch, dim].
        positives: float [batch, dim], vectors of the targets.
        negatives: float [drawn, dim], drawn uniformly, shared by the batch.
        targets: int32 [batch]; 0 is padding.
        negative_ids: int32 [drawn]; one that is the row's target takes no part.
        weights: float [batch].
        num_items: size of the catalogue; more than one.
        calibration: t of the paper, in [0, 1]: 0 is plain binary cross-entropy, 1 gives the
            probabilities of a softmax over all items.

    Returns:
        A scalar; 0 where every target is padding.

    Source: Petrov and Macdonald (2023), gSASRec: reducing overconfidence in sequential
    recommendation trained with negative sampling.

    Example:

    >>> item = tf.zeros([1, 1])
    >>> one = tf.constant([1])
    >>> loss = gbce(item, item, item, one, one + 1, tf.ones([1]), num_items=3, calibration=0.0)
    >>> round(float(loss), 4)  # -log 1/2 for the positive, the same for the negative
    1.3863
    """
    drawn = negatives.shape[0] or tf.shape(negatives)[0]
    rate = tf.minimum(tf.cast(drawn, tf.float32) / (num_items - 1), 1.0)
    power = rate * (calibration * (1 - 1 / rate) + 1 / rate)
    positive = tf.cast(tf.reduce_sum(queries * positives, axis=1), tf.float32)
    negative = tf.cast(tf.matmul(queries, negatives, transpose_b=True), tf.float32)
    itself = tf.equal(negative_ids[None, :], targets[:, None])
    wrong = tf.reduce_sum(tf.where(itself, 0.0, tf.nn.softplus(negative)), axis=1)
    return weighted_mean(power * tf.nn.softplus(-positive) + wrong, targets, weights)
