import numpy as np
import pytest
import tensorflow as tf

from kit.layers import ConvolutionBlock
from tests.layers.maps import check_block, maps


@pytest.mark.parametrize(
    "settings", [{"strides": 2}, {"groups": 2, "kernel": 5, "activation": "silu"}]
)
def test_layer_contract(settings):
    check_block(lambda **k: ConvolutionBlock(6, **settings, **k))


def test_it_is_its_definition():
    block, images = ConvolutionBlock(3, kernel=1), maps()
    block(images)
    kernel, gamma, beta = [v.numpy() for v in block.trainable_weights]
    gamma += [0.1, -0.2, 0.3]
    beta += [0.3, 0.0, -0.1]
    block.norm.gamma.assign(gamma)
    block.norm.beta.assign(beta)
    answer = block(images, training=True)

    mixed = images.numpy() @ kernel[0, 0]
    mean, variance = mixed.mean((0, 1, 2)), mixed.var((0, 1, 2))
    expected = gamma * (mixed - mean) / np.sqrt(variance + 1e-5) + beta
    np.testing.assert_allclose(answer, np.maximum(expected, 0), atol=1e-5)
    np.testing.assert_allclose(block.norm.moving_mean, 0.1 * mean, atol=1e-6)


def test_under_mixed_precision_the_norm_computes_in_float32():
    far = tf.constant(200 + maps(8, 9, 9, 1).numpy())
    block = ConvolutionBlock(1, kernel=1, activation=None, dtype="mixed_bfloat16")
    block.build(far.shape)
    block.convolution.kernel.assign([[[[1.0]]]])
    spread = np.std(tf.cast(block(far, training=True), tf.float32))
    assert spread == pytest.approx(1, abs=0.02)
