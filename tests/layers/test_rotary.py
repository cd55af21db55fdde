import numpy as np
import tensorflow as tf

from kit.layers._rotary import rotated


def test_products_depend_on_the_distance_alone():
    values = np.random.default_rng(0).normal(size=(2, 1, 6))
    first, second = (rotated(tf.repeat(tf.constant(v[None], tf.float32), 9, 1)) for v in values)
    products = tf.matmul(first, second, transpose_b=True)[0].numpy()
    for distance in range(-4, 5):
        diagonal = np.diagonal(products, distance)
        np.testing.assert_allclose(diagonal, diagonal[0], atol=1e-5)
    assert np.ptp(products[0]) > 0.1


def test_lengths_stay():
    values = tf.random.stateless_normal([3, 7, 4], seed=[0, 0])
    before, after = (tf.norm(x, axis=-1) for x in (values, rotated(values)))
    np.testing.assert_allclose(after, before, atol=1e-5)
