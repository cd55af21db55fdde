import numpy as np
import pytest
import tensorflow as tf

from kit.layers import CrossAttention
from tests.layers.harness import check_layer
from tests.layers.sequences import some


def test_layer_contract():
    check_layer(lambda **k: CrossAttention(2, **k), (some(3, 4), some(3, 6)), tolerance=2e-5)


def test_it_is_attention_by_its_definition():
    layer, vectors, memory = CrossAttention(1), some(2, 3), some(2, 5, seed=1)
    answer = layer(vectors, memory)
    weights = {w.path.split("/", 1)[1]: w.numpy() for w in layer.weights}
    query = vectors.numpy() @ weights["query/kernel"] + weights["query/bias"]
    both = memory.numpy() @ weights["projection/kernel"] + weights["projection/bias"]
    key, value = np.split(both, 2, axis=-1)
    scores = np.exp(query @ key.swapaxes(1, 2) / np.sqrt(8))
    seen = scores / scores.sum(-1, keepdims=True) @ value
    expected = seen @ weights["output/kernel"] + weights["output/bias"]
    np.testing.assert_allclose(answer, expected, atol=1e-5)


def test_a_padded_memory_changes_nothing():
    layer, vectors, memory = CrossAttention(2), some(3, 4), some(3, 6, seed=1)
    padded = tf.concat([memory, 1e3 * memory[:, :2]], axis=1)
    mask = tf.constant([[True] * 6 + [False] * 2] * 3)
    expected = layer(vectors, memory)
    np.testing.assert_allclose(layer(vectors, padded, memory_mask=mask), expected, atol=1e-5)


def test_a_width_that_cannot_be_shared_out_is_refused():
    with pytest.raises(ValueError, match="A width of 8 cannot be shared out to 3 heads"):
        CrossAttention(3)(some(), some())
