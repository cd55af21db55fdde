import numpy as np
import pytest

from kit.layers import FeedForward
from tests.layers.harness import check_layer
from tests.layers.sequences import some


@pytest.mark.parametrize("activation", ["relu", "gelu", "swiglu"])
def test_layer_contract(activation):
    check_layer(lambda **k: FeedForward(16, activation, **k), some(), tolerance=1e-5)


def test_swiglu_is_its_definition():
    layer, vectors = FeedForward(3, "swiglu"), some()
    answer = layer(vectors)
    inner, a, gated, b, outer, c = layer.get_weights()
    hidden = vectors @ inner + a
    hidden = hidden / (1 + np.exp(-hidden)) * (vectors @ gated + b)
    np.testing.assert_allclose(answer, hidden @ outer + c, atol=1e-6)


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match="relu, gelu or swiglu; got 'tanh'"):
        FeedForward(3, "tanh")
