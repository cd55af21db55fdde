import functools

import numpy as np

from kit.layers import MixtureOfExperts
from tests.layers.harness import check_layer

INPUTS = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)


def test_layer_contract():
    check_layer(functools.partial(MixtureOfExperts, 2, 3, [8, 4]), INPUTS, tolerance=1e-5)


def test_each_task_gets_what_its_gate_lets_through():
    layer = MixtureOfExperts(tasks=2, experts=3, units=[8, 4])
    layer.build((None, 5))
    # The first task hears the second expert only, the other one all of them alike.
    layer.gates.kernel.assign(np.zeros((5, 6)))
    layer.gates.bias.assign([0.0, 100.0, 0.0, 0.0, 0.0, 0.0])
    answer = layer(INPUTS).numpy()
    opinions = [expert(INPUTS).numpy() for expert in layer.experts]
    np.testing.assert_allclose(answer[:, 0], opinions[1], atol=1e-5)
    np.testing.assert_allclose(answer[:, 1], np.mean(opinions, axis=0), atol=1e-5)
