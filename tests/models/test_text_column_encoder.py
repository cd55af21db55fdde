import keras
import numpy as np
import tensorflow as tf

from kit.models import TextColumnEncoder

PIECES = np.array([[3, 5, 0, 0], [5, 3, 2, 0], [0, 0, 0, 0]], np.int32)


def test_padding_is_not_read_and_no_text_is_nothing():
    keras.utils.set_random_seed(0)
    reader = TextColumnEncoder(9, 4, width=8)
    vectors = reader(PIECES).numpy()
    np.testing.assert_allclose(reader(PIECES[:1, :2]).numpy(), vectors[:1], atol=1e-6)
    assert vectors[:2].any(axis=1).all()
    assert not vectors[2].any()


def test_order_matters():
    keras.utils.set_random_seed(0)
    reader = TextColumnEncoder(9, 4, width=8)
    forth, back = reader(np.array([[1, 2, 3, 4], [4, 3, 2, 1]])).numpy()
    assert np.abs(forth - back).max() > 1e-4


def test_it_learns():
    reader = TextColumnEncoder(9, 4, width=8)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(reader(PIECES) ** 2)
    gradients = tape.gradient(loss, reader.trainable_weights)
    assert all(gradient is not None for gradient in gradients)


def test_config_round_trip():
    reader = TextColumnEncoder(9, 4, width=8)
    assert TextColumnEncoder.from_config(reader.get_config()).get_config() == reader.get_config()
