import keras
import numpy as np
import tensorflow as tf

from kit.losses import ListwiseSoftmax

LOWEST = np.finfo(np.float32).min


def loss(taken, scores):
    return ListwiseSoftmax(reduction="none")(tf.constant(taken), tf.constant(scores)).numpy()


def test_it_is_the_definition():
    random = np.random.default_rng(0)
    scores = random.normal(size=(8, 5)).astype(np.float32)
    taken = (random.random((8, 5)) < 0.5).astype(np.float32)
    taken[0] = 0
    logs = np.log(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))
    expected = -(taken * logs).sum(axis=1) / np.maximum(taken.sum(axis=1), 1)
    np.testing.assert_allclose(loss(taken, scores), expected, rtol=1e-5)


def test_what_is_no_candidate_neither_counts_nor_breaks_the_gradient():
    scores = tf.Variable([[2.0, 3.0, LOWEST]])
    taken = tf.constant([[1.0, 0.0, 0.0]])
    with tf.GradientTape() as tape:
        value = ListwiseSoftmax()(taken, scores)
    short = loss([[1.0, 0.0]], [[2.0, 3.0]])
    np.testing.assert_allclose(value, short[0], rtol=1e-6)
    gradient = tape.gradient(value, scores).numpy()
    assert np.isfinite(gradient).all()
    assert gradient[0, 2] == 0


def test_the_config_makes_it_again():
    made = keras.losses.deserialize(keras.losses.serialize(ListwiseSoftmax()))
    assert isinstance(made, ListwiseSoftmax)
