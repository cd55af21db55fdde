import numpy as np
import pytest
import tensorflow as tf

from kit.layers import DecoderBlock
from tests.layers.harness import check_layer
from tests.layers.sequences import some

HOW = [{"norm": "pre"}, {"norm": "post"}, {"gated": True, "activation": "swiglu"}]


@pytest.mark.parametrize(
    "settings", [HOW[0], *(pytest.param(how, marks=pytest.mark.slow) for how in HOW[1:])]
)
def test_layer_contract(settings):
    check_layer(
        lambda **k: DecoderBlock(2, 16, **settings, **k), (some(3, 4), some(3, 6)), tolerance=2e-5
    )


@pytest.mark.parametrize("settings", HOW, ids=["pre", "post", "ligr"])
def test_steps_give_what_all_positions_at_once_give(settings):
    layer, vectors, memory = DecoderBlock(2, 16, **settings), some(6, 5), some(3, 4, seed=1)
    mask = tf.constant([[True] * 4, [True] * 2 + [False] * 2, [True] + [False] * 3])
    expected = layer(vectors, tf.repeat(memory, 2, 0), memory_mask=tf.repeat(mask, 2, 0))
    keys, values = layer.cross_attention.keys_and_values(memory)
    kept = {name: tf.zeros([3, 2, 2, 0, 4]) for name in ("keys", "values")}
    for place in range(5):
        step = tf.reshape(vectors[:, place], [3, 2, 8])
        answer, kept = layer.step(step, kept, {"keys": keys, "values": values, "mask": mask})
        np.testing.assert_allclose(
            tf.reshape(answer, [6, 8]), expected[:, place], rtol=0, atol=1e-5
        )


def test_no_position_sees_a_later_one_and_padded_memory_is_not_seen():
    layer, vectors, memory = DecoderBlock(2, 16), some(3, 4), some(3, 6, seed=1)
    whole = layer(vectors, memory)
    np.testing.assert_allclose(layer(vectors[:, :2], memory), whole[:, :2], atol=1e-5)
    mask = tf.constant([[True] * 6 + [False]] * 3)
    padded = layer(vectors, tf.concat([memory, memory[:, :1] * 1e3], axis=1), memory_mask=mask)
    np.testing.assert_allclose(padded, whole, atol=1e-5)
