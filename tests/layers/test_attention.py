import numpy as np
import pytest
import tensorflow as tf

from kit.layers import (
    RelativeTimeBias,
    SelfAttention,
    attention_mask,
    merge_heads,
    rotated,
    split_heads,
)
from tests.layers.harness import check_layer
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


def test_heads_join_to_what_they_were():
    vectors = tf.reshape(tf.range(2 * 3 * 4), [2, 3, 4])
    heads = split_heads(vectors, 2)
    assert heads.shape == (2, 2, 3, 2)
    np.testing.assert_array_equal(heads[0, 1, 0], [2, 3])
    np.testing.assert_array_equal(merge_heads(heads, like=vectors), vectors)


def test_a_query_sees_what_is_earlier_and_no_padding():
    allowed = attention_mask(3, tf.constant([[True, False, True]]), causal=True)
    np.testing.assert_array_equal(allowed[0, 0], [[1, 0, 0], [1, 0, 0], [1, 0, 1]])
    np.testing.assert_array_equal(attention_mask(2, None, causal=False)[0, 0], [[1, 1], [1, 1]])


def test_products_depend_on_the_distance_alone():
    values = np.random.default_rng(0).normal(size=(2, 1, 6))
    first, second = (rotated(tf.repeat(tf.constant(v[None], tf.float32), 9, 1)) for v in values)
    products = tf.matmul(first, second, transpose_b=True)[0].numpy()
    for distance in range(-4, 5):
        diagonal = np.diagonal(products, distance)
        np.testing.assert_allclose(diagonal, diagonal[0], atol=1e-5)
    assert np.ptp(products[0]) > 0.1


def test_lengths_stay():
    values = tf.random.stateless_normal([3, 7, 4], seed=[0, 0])
    before, after = (tf.norm(x, axis=-1) for x in (values, rotated(values)))
    np.testing.assert_allclose(after, before, atol=1e-5)


TIMES = tf.constant([[0.0, 1, 3, 1e9], [5.0, 5, 5, 9]])


def test_layer_contract():
    # Every bucket is met, so that every weight has a gradient.
    check_layer(lambda **k: RelativeTimeBias(heads=2, buckets=3, **k), TIMES)


def test_buckets_double_and_the_last_takes_the_rest():
    layer = RelativeTimeBias(heads=1, buckets=4)
    layer.build(TIMES.shape)
    layer.set_weights([np.arange(4.0)[:, None]])
    np.testing.assert_array_equal(layer(TIMES)[0, 0, 0], [0, 1, 2, 3])
    np.testing.assert_array_equal(layer(TIMES)[0, 0], layer(TIMES)[0, 0].numpy().T)
