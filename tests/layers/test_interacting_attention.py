import functools

import numpy as np

from kit.layers import InteractingAttention
from tests.layers.harness import check_layer

VECTORS = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)


def test_layer_contract():
    check_layer(functools.partial(InteractingAttention, heads=2, dim=6), VECTORS)


def test_it_is_attention_plus_a_linear_map():
    layer = InteractingAttention(heads=1, dim=6)
    answer = layer(VECTORS)
    query, key, value, itself = (
        VECTORS @ dense.kernel.numpy()
        for dense in (layer.query, layer.key, layer.value, layer.itself)
    )
    weights = np.exp(query @ key.transpose(0, 2, 1) / np.sqrt(6))
    weights /= weights.sum(axis=2, keepdims=True)
    np.testing.assert_allclose(answer, np.maximum(weights @ value + itself, 0), atol=1e-5)


def test_the_order_of_the_features_does_not_matter():
    layer = InteractingAttention(heads=2, dim=6)
    np.testing.assert_allclose(layer(VECTORS[:, ::-1])[:, ::-1], layer(VECTORS), atol=1e-5)
