import functools

import keras_rs
import numpy as np
import pytest

from kit.layers import CrossNetwork
from tests.layers.harness import check_layer

FEATURES = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)


@pytest.mark.parametrize("rank", [None, 2])
def test_layer_contract(rank):
    check_layer(functools.partial(CrossNetwork, 2, rank), FEATURES, tolerance=1e-5)


def test_it_is_the_definition():
    network = CrossNetwork(layers=2)
    answer = network(FEATURES)
    expected = FEATURES
    for cross in network.crosses:
        kernel, bias = cross.dense.kernel.numpy(), cross.dense.bias.numpy()
        expected = FEATURES * (expected @ kernel + bias) + expected
    np.testing.assert_allclose(answer, expected, atol=1e-5)


def test_all_weights_exist_once_it_is_built():
    network = CrossNetwork(layers=3, projection_dim=2)
    network.build((None, 6))
    assert len(network.trainable_weights) == 9


def test_dot_interaction_of_keras_rs_needs_no_wrapper():
    vectors = list(np.random.default_rng(0).normal(size=(3, 4, 6)).astype(np.float32))
    check_layer(keras_rs.layers.DotInteraction, vectors, tolerance=1e-5)
