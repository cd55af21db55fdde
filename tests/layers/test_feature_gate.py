import functools

import numpy as np

from kit.layers import FeatureGate
from tests.layers.harness import check_layer

FEATURES = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)


def test_layer_contract():
    check_layer(functools.partial(FeatureGate, units=8), FEATURES)


def test_every_entry_is_scaled_by_0_to_2_and_by_1_when_the_gate_has_no_opinion():
    gate = FeatureGate(units=8)
    share = gate(FEATURES).numpy() / FEATURES
    assert ((share > 0) & (share < 2)).all()
    for weight in gate.trainable_weights:
        weight.assign(np.zeros(weight.shape))
    np.testing.assert_allclose(gate(FEATURES), FEATURES)
