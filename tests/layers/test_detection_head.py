import numpy as np
import tensorflow as tf

from kit.layers import DetectionHead
from tests.layers.harness import check_layer
from tests.layers.maps import maps


def test_layer_contract():
    check_layer(lambda **k: DetectionHead(3, filters=4, depth=2, **k), maps(), tolerance=1e-5)


def test_a_new_one_sees_objects_rarely_and_four_cells_wide():
    logits, distances = DetectionHead(2, filters=8)(maps())
    assert abs(float(tf.reduce_mean(tf.sigmoid(logits))) - 0.01) < 0.002
    np.testing.assert_allclose(tf.reduce_mean(distances), 2, atol=0.05)
