from kit.layers import ConvolutionBlock, SeparableBlock
from tests.layers.maps import check_block, maps


def test_layer_contract():
    check_block(lambda **k: SeparableBlock(6, strides=2, **k))


def test_it_has_far_fewer_weights_than_a_whole_convolution():
    cheap, whole = SeparableBlock(64), ConvolutionBlock(64)
    cheap(maps(channels=64))
    whole(maps(channels=64))
    assert cheap.count_params() < whole.count_params() / 7
