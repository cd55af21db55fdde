import functools

import numpy as np

from kit.layers import Perceptron
from tests.layers.harness import check_layer

INPUTS = np.random.default_rng(0).normal(size=(3, 2, 5)).astype(np.float32)


def test_layer_contract():
    check_layer(functools.partial(Perceptron, [8, 4], dropout=0.5), INPUTS, tolerance=1e-5)


def test_it_is_dense_layers_with_relus():
    layer = Perceptron([8, 4])
    answer = layer(INPUTS).numpy()
    expected = INPUTS
    for dense in layer.dense:
        expected = np.maximum(expected @ dense.kernel.numpy() + dense.bias.numpy(), 0)
    np.testing.assert_allclose(answer, expected, atol=1e-5)


def test_outputs_are_dropped_in_training_only():
    layer = Perceptron([100], dropout=0.5)
    kept = layer(INPUTS).numpy()
    dropped = layer(INPUTS, training=True).numpy()
    alive = dropped != 0
    np.testing.assert_allclose(dropped[alive], 2 * kept[alive], rtol=1e-5)
    assert 0.2 < alive[kept != 0].mean() < 0.8
