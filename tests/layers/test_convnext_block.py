import numpy as np

from kit.layers import ConvNextBlock
from tests.layers.maps import check_block, maps


def test_layer_contract():
    check_block(lambda **k: ConvNextBlock(kernel=3, expansion=2, **k))


def test_its_strength_weighs_each_channel_by_its_response_in_the_image():
    block, images = ConvNextBlock(kernel=3, expansion=2), maps()
    before = block(images)
    hidden = block.widen(block.norm(block.depthwise(images))).numpy()
    response = np.sqrt((hidden**2).sum((1, 2), keepdims=True))
    response /= response.mean(-1, keepdims=True)
    block.strength.assign(np.full(8, 2.0))
    added = (hidden * 2 * response) @ block.narrow.kernel.numpy()
    np.testing.assert_allclose(block(images), before + added, atol=1e-5)
