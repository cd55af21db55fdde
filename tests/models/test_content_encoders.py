import keras
import numpy as np
import tensorflow as tf

from kit.models import ImageColumnEncoder

PICTURES = np.random.default_rng(0).integers(1, 255, (3, 16, 16, 3), np.uint8)


def test_a_vector_does_not_depend_on_the_batch_and_no_image_is_nothing():
    keras.utils.set_random_seed(0)
    reader = ImageColumnEncoder(4, widths=[8, 8])
    images = np.concatenate([PICTURES, np.zeros_like(PICTURES[:1])])
    together = reader(images).numpy()
    alone = np.concatenate([reader(images[n : n + 1]) for n in range(4)])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert together[:3].any(axis=1).all()
    assert not together[3].any()


def test_it_learns():
    reader = ImageColumnEncoder(4, widths=[8, 8])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(reader(PICTURES) ** 2)
    gradients = tape.gradient(loss, reader.trainable_weights)
    assert all(gradient is not None for gradient in gradients)


def test_config_round_trip():
    reader = ImageColumnEncoder(4, widths=[8, 8])
    assert ImageColumnEncoder.from_config(reader.get_config()).get_config() == reader.get_config()
