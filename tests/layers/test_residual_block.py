import numpy as np
import pytest

from kit.layers import ResidualBlock
from tests.layers.maps import check_block, maps


@pytest.mark.parametrize(
    ("filters", "settings"), [(4, {}), (6, {"strides": 2, "squeeze": 2, "activation": "silu"})]
)
def test_layer_contract(filters, settings):
    check_block(lambda **k: ResidualBlock(filters, **settings, **k))


def test_where_the_convolutions_say_nothing_the_shortcut_leads_through():
    block, images = ResidualBlock(4), maps()
    block(images)
    block.second.norm.gamma.assign(np.zeros(4))
    np.testing.assert_allclose(block(images), np.maximum(images, 0))
    assert block.mix is None
