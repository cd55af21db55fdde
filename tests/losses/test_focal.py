import numpy as np
import pytest
import tensorflow as tf

from kit.losses import quality_focal


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
