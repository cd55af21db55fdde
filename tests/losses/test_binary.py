import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.losses import gbce, masked_binary_crossentropy, quality_focal

ITEMS = 30


def parts(drawn=5, seed=0):
    random = np.random.default_rng(seed)
    queries, positives = random.normal(size=(2, 4, 3)).astype(np.float32)
    targets = np.array([3, 7, 0, 9], np.int32)
    ids = np.array([7, 2, 2, 11, 30][:drawn], np.int32)
    negatives = random.normal(size=(drawn, 3)).astype(np.float32)
    weights = np.array([1.0, 2.0, 5.0, 0.5], np.float32)
    return [tf.constant(x) for x in (queries, positives, negatives, targets, ids, weights)]


@pytest.mark.parametrize("calibration", [0.0, 0.75, 1.0])
def test_equals_the_definition(calibration):
    queries, positives, negatives, targets, ids, weights = (x.numpy() for x in parts())
    rate = len(ids) / (ITEMS - 1)
    power = rate * (calibration * (1 - 1 / rate) + 1 / rate)
    total = 0.0
    for row, target in enumerate(targets):
        if target:
            chance = 1 / (1 + np.exp(-queries[row] @ positives[row]))
            loss = -power * np.log(chance)
            for negative, code in zip(negatives, ids, strict=True):
                if code != target:
                    loss -= np.log(1 - 1 / (1 + np.exp(-queries[row] @ negative)))
            total += weights[row] * loss
    expected = total / weights[targets > 0].sum()
    found = gbce(*parts(), num_items=ITEMS, calibration=calibration)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_without_calibration_it_is_binary_cross_entropy():
    # The power is 1 at t = 0, whatever the share of negatives.
    plain = [gbce(*parts(), num_items=n, calibration=0.0) for n in (10, 10_000)]
    assert float(plain[0]) == pytest.approx(float(plain[1]))


def test_padding_alone_gives_0():
    queries, positives, negatives, targets, ids, weights = parts()
    nothing = gbce(queries, positives, negatives, 0 * targets, ids, weights, num_items=ITEMS)
    assert float(nothing) == 0


NAN = float("nan")


def test_with_every_label_known_it_is_keras_own():
    rng = np.random.default_rng(0)
    targets, logits = rng.integers(0, 2, (6, 3)).astype("f4"), rng.normal(size=(6, 3))
    expected = keras.losses.binary_crossentropy(targets, logits.astype("f4"), from_logits=True)
    np.testing.assert_allclose(masked_binary_crossentropy(targets, logits), expected, rtol=1e-5)


def test_unknown_labels_teach_nothing():
    logits = tf.Variable([[2.0, -1.0], [0.5, 0.5]])
    with tf.GradientTape() as tape:
        losses = masked_binary_crossentropy(tf.constant([[1.0, NAN], [NAN, NAN]]), logits)
        total = tf.reduce_sum(losses)
    np.testing.assert_allclose(losses, [np.log1p(np.exp(-2)), 0], rtol=1e-5)
    gradient = tape.gradient(total, logits).numpy()
    assert gradient[0, 0] < 0
    assert gradient.ravel()[1:].tolist() == [0, 0, 0]


@pytest.mark.parametrize("quality", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("logit", [-3.0, 0.0, 2.0])
def test_it_is_its_definition(quality, logit):
    p = 1 / (1 + np.exp(-logit))
    crossentropy = -quality * np.log(p) - (1 - quality) * np.log(1 - p)
    loss = quality_focal(tf.constant(quality), tf.constant(logit))
    assert float(loss) == pytest.approx(abs(quality - p) ** 2 * crossentropy, rel=1e-5)
    plain = quality_focal(tf.constant(quality), tf.constant(logit), gamma=0.0)
    assert float(plain) == pytest.approx(crossentropy, rel=1e-5)


def test_of_a_target_of_1_it_is_the_focal_loss():
    # Lin et al., equation 4: (1 - p)^2 times -log(p), at p = 0.9 a hundredth of cross-entropy.
    logit = float(np.log(9))
    assert float(quality_focal(tf.constant(1.0), tf.constant(logit))) == pytest.approx(
        0.01 * -np.log(0.9), rel=1e-4
    )


def test_it_is_least_at_the_target_and_finite_far_off():
    logits = tf.Variable([0.0, 60.0, -60.0])
    target = tf.constant([0.5, 0.0, 1.0])
    with tf.GradientTape() as tape:
        losses = quality_focal(target, logits)
    gradient = tape.gradient(losses, logits).numpy()
    assert losses[0] == 0
    assert gradient[0] == 0
    assert np.isfinite(gradient).all()
    assert gradient[1] > 0 > gradient[2]
