import numpy as np
import tensorflow as tf

from kit.layers import RelativeTimeBias
from tests.layers.harness import check_layer

TIMES = tf.constant([[0.0, 1, 3, 1e9], [5.0, 5, 5, 9]])


def test_layer_contract():
    # Every bucket is met, so that every weight has a gradient.
    check_layer(lambda **k: RelativeTimeBias(heads=2, buckets=3, **k), TIMES)


def test_buckets_double_and_the_last_takes_the_rest():
    layer = RelativeTimeBias(heads=1, buckets=4)
    layer.build(TIMES.shape)
    layer.set_weights([np.arange(4.0)[:, None]])
    np.testing.assert_array_equal(layer(TIMES)[0, 0, 0], [0, 1, 2, 3])
    np.testing.assert_array_equal(layer(TIMES)[0, 0], layer(TIMES)[0, 0].numpy().T)
