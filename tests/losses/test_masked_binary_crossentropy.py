import keras
import numpy as np
import tensorflow as tf

from kit.losses import masked_binary_crossentropy

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
