"""Binary losses: gBCE, cross-entropy with a mask, focal."""

from typing import Any

import tensorflow as tf

from kit.losses._softmax import weighted_mean


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


def masked_binary_crossentropy(targets: Any, logits: Any) -> Any:
    """Mean binary cross-entropy of each row's labels, those left out that are NaN.

    Where some labels are not known for every row, as whether a product was bought that was not
    clicked, a row teaches what it knows.

    Args:
        targets: float [batch, labels], 0, 1 or NaN.
        logits: float [batch, labels].

    Returns:
        float32 [batch], 0 where no label is known.

    Example:

    >>> targets, logits = tf.constant([[1.0, float("nan")]]), tf.constant([[0.0, 3.0]])
    >>> round(float(masked_binary_crossentropy(targets, logits)[0]), 4)
    0.6931
    """
    targets, logits = tf.cast(targets, tf.float32), tf.cast(logits, tf.float32)
    known = tf.logical_not(tf.math.is_nan(targets))
    # Filled in before the loss: a NaN that is masked behind it still reaches the gradient.
    losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.where(known, targets, 0.0), logits)
    total = tf.reduce_sum(tf.where(known, losses, 0.0), axis=-1)
    count = tf.math.count_nonzero(known, axis=-1, dtype=tf.float32)
    return tf.math.divide_no_nan(total, count)


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
