import numpy as np

from kit.layers import SqueezeExcite
from tests.layers.maps import check_block, maps


def test_layer_contract():
    # Units of the hidden layer that are off for all examples would get no gradient.
    check_block(lambda **k: SqueezeExcite(ratio=2, **k), maps(12, channels=8))


def test_it_is_its_definition():
    gate, images = SqueezeExcite(), maps()
    answer = gate(images)
    squeeze, a, excite, b = gate.get_weights()
    assert squeeze.shape == (4, 4)
    hidden = np.maximum(images.numpy().mean((1, 2)) @ squeeze + a, 0)
    scale = 1 / (1 + np.exp(-(hidden @ excite + b)))
    np.testing.assert_allclose(answer, images * scale[:, None, None], atol=1e-6)
