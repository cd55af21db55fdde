import numpy as np
import pytest
import tensorflow as tf

from kit.layers import SelfAttention
from tests.layers.sequences import DIM, check_sequence_layer, some


@pytest.mark.parametrize("causal", [True, False])
def test_sequence_layer_contract(causal):
    check_sequence_layer(lambda **k: SelfAttention(2, causal=causal, **k), causal=causal)


def test_it_is_attention_by_its_definition():
    layer, vectors = SelfAttention(2, rotary=False), some(2, 5)
    answer = layer(vectors)
    projection, bias, output, output_bias = layer.get_weights()
    query, key, value = np.split(vectors.numpy() @ projection + bias, 3, axis=-1)
    heads = []
    for head in (slice(0, 4), slice(4, 8)):
        scores = query[..., head] @ key[..., head].swapaxes(1, 2) / 2
        weights = np.tril(np.exp(scores))
        heads.append(weights / weights.sum(-1, keepdims=True) @ value[..., head])
    expected = np.concatenate(heads, axis=-1) @ output + output_bias
    np.testing.assert_allclose(answer, expected, atol=1e-5)


def test_rotation_tells_the_order_and_nothing_but_the_distance():
    layer, vectors = SelfAttention(2, causal=False), some(1, 4)
    there, back = layer(vectors), layer(vectors[:, ::-1])[:, ::-1]
    assert np.abs(there - back).max() > 1e-3
    plain = SelfAttention(2, causal=False, rotary=False)
    np.testing.assert_allclose(plain(vectors), plain(vectors[:, ::-1])[:, ::-1], atol=1e-6)


def test_the_time_between_events_counts_and_the_origin_does_not():
    layer, vectors = SelfAttention(2, time_buckets=8), some(1, 4)
    layer.build(vectors.shape)
    layer.time_bias.set_weights([np.random.default_rng(0).normal(size=(8, 2))])
    early, late = tf.constant([[0.0, 1, 2, 3]]), tf.constant([[0.0, 1, 2, 100]])
    near = layer(vectors, times=early)
    np.testing.assert_allclose(layer(vectors, times=early + 50), near, atol=1e-6)
    far = layer(vectors, times=late)
    np.testing.assert_allclose(far[:, :3], near[:, :3], atol=1e-6)
    assert np.abs(far[:, 3] - near[:, 3]).max() > 1e-3
    with pytest.raises(ValueError, match="times"):
        layer(vectors)


def test_a_width_that_cannot_be_shared_out_is_refused():
    with pytest.raises(ValueError, match=f"A width of {DIM} cannot be shared out to 3 heads"):
        SelfAttention(3)(some())
    with pytest.raises(ValueError, match="heads of even width"):
        SelfAttention(DIM)(some())
