import numpy as np
import pytest
import tensorflow as tf

from kit.layers import ConvolutionEncoder
from tests.layers.sequences import check_sequence_layer, some


def test_sequence_layer_contract():
    check_sequence_layer(lambda **k: ConvolutionEncoder(3, 2, **k))


def test_it_may_look_both_ways():
    check_sequence_layer(lambda **k: ConvolutionEncoder(3, 2, causal=False, **k), causal=False)


@pytest.mark.parametrize("causal", [True, False])
def test_an_empty_batch_keeps_its_length(causal):
    layer = ConvolutionEncoder(5, 3, causal=causal)
    assert layer(tf.zeros([0, 2, 8])).shape == (0, 2, 8)


def test_it_sees_as_far_as_it_says():
    layer, vectors = ConvolutionEncoder(kernel=3, blocks=2), some(1, 12).numpy()
    whole = layer(vectors).numpy()
    for back, is_seen in ((6, True), (7, False)):
        changed = vectors.copy()
        changed[0, 11 - back, 0] += 1
        difference = np.abs(layer(changed).numpy()[0, 11] - whole[0, 11]).max()
        assert (difference > 0) == is_seen
