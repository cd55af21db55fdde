"""Binary losses: gBCE, masked cross-entropy, quality focal loss."""

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
    """Generalized binary cross-entropy (gBCE) with sampled negatives.

    The weighted mean of `-beta log sigmoid(positive) - sum of log(1 - sigmoid(negative))`. When
    negatives are a small sample of the catalogue, plain binary cross-entropy makes the model
    overconfident; the exponent beta of the positive's probability corrects this.

    Args:
        queries: float [batch, dim].
        positives: float [batch, dim], vectors of the targets.
        negatives: float [negatives, dim], sampled uniformly, shared by the batch.
        targets: int32 [batch]; 0 is padding.
        negative_ids: int32 [negatives]; a negative that is the target of a row is ignored for it.
        weights: float [batch].
        num_items: size of the catalogue, at least 2.
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
    num_negatives = negatives.shape[0] or tf.shape(negatives)[0]
    rate = tf.minimum(tf.cast(num_negatives, tf.float32) / (num_items - 1), 1.0)
    power = rate * (calibration * (1 - 1 / rate) + 1 / rate)
    positive = tf.cast(tf.reduce_sum(queries * positives, axis=1), tf.float32)
    negative = tf.cast(tf.matmul(queries, negatives, transpose_b=True), tf.float32)
    is_target = tf.equal(negative_ids[None, :], targets[:, None])
    negative_loss = tf.reduce_sum(tf.where(is_target, 0.0, tf.nn.softplus(negative)), axis=1)
    return weighted_mean(power * tf.nn.softplus(-positive) + negative_loss, targets, weights)


def masked_binary_crossentropy(targets: Any, logits: Any) -> Any:
    """Mean binary cross-entropy over the labels of each row, ignoring labels that are NaN.

    Use it for labels that are unknown for some rows, such as conversions of items that were not
    clicked.

    Args:
        targets: float [batch, labels], 0, 1 or NaN.
        logits: float [batch, labels].

    Returns:
        float32 [batch]; 0 for rows without a known label.

    Example:

    >>> targets, logits = tf.constant([[1.0, float("nan")]]), tf.constant([[0.0, 3.0]])
    >>> round(float(masked_binary_crossentropy(targets, logits)[0]), 4)
    0.6931
    """
    targets, logits = tf.cast(targets, tf.float32), tf.cast(logits, tf.float32)
    known = tf.logical_not(tf.math.is_nan(targets))
    # Replaced before the loss: a NaN masked only afterwards would still reach the gradient.
    losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.where(known, targets, 0.0), logits)
    total = tf.reduce_sum(tf.where(known, losses, 0.0), axis=-1)
    count = tf.math.count_nonzero(known, axis=-1, dtype=tf.float32)
    return tf.math.divide_no_nan(total, count)


def quality_focal(quality: Any, logits: Any, *, gamma: float = 2.0) -> Any:
    """Quality focal loss: binary cross-entropy weighted by the error of the probability.

    Nearly all of the thousands of positions in an image are easy negatives; without the weight
    their small losses would dominate the sum. Targets may be soft: with the IoU of the predicted
    box as the target, the score predicts the quality of the box. With targets of 0 and 1 this is
    the focal loss, without its class weight alpha.

    Args:
        quality: float [...], targets in [0, 1].
        logits: float [...].
        gamma: exponent of the weight; 0 gives plain cross-entropy.

    Returns:
        float [...], the loss of each element.

    Source: Lin et al. (2017), Focal loss for dense object detection; Li et al. (2020), Generalized
    focal loss.

    Example:

    >>> quality_focal(tf.constant([1.0, 0.0]), tf.constant([0.0, 0.0])).numpy().round(4)
    array([0.1733, 0.1733], dtype=float32)
    """
    weight = tf.abs(quality - tf.sigmoid(logits)) ** gamma
    return weight * tf.nn.sigmoid_cross_entropy_with_logits(labels=quality, logits=logits)
