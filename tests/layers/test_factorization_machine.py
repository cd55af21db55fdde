import itertools

import numpy as np

from kit.layers import FactorizationMachine
from tests.layers.harness import check_layer

VECTORS = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)


def test_layer_contract():
    check_layer(FactorizationMachine, VECTORS)


def test_it_is_the_sum_over_all_pairs():
    pairs = itertools.combinations(range(4), 2)
    expected = sum((VECTORS[:, i] * VECTORS[:, j]).sum(axis=1) for i, j in pairs)
    np.testing.assert_allclose(FactorizationMachine()(VECTORS)[:, 0], expected, rtol=1e-4)
