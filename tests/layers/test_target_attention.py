import functools

import keras
import numpy as np

from kit.layers import TargetAttention
from tests.layers.harness import check_layer

RANDOM = np.random.default_rng(0)
TARGET = RANDOM.normal(size=(2, 4)).astype(np.float32)
HISTORY = RANDOM.normal(size=(2, 3, 4)).astype(np.float32)
MASK = np.array([[True, True, False], [True, False, False]])


def test_layer_contract():
    keras.utils.set_random_seed(0)
    check_layer(functools.partial(TargetAttention, units=[8, 4]), (TARGET, HISTORY, MASK))


def test_padding_changes_nothing_whatever_lies_there():
    layer = TargetAttention()
    alone = layer(TARGET, HISTORY[:, :2], MASK[:, :2])
    np.testing.assert_allclose(layer(TARGET, HISTORY, MASK), alone, atol=1e-6)
    np.testing.assert_allclose(
        layer(TARGET, HISTORY + 9 * ~MASK[..., None], MASK), alone, atol=1e-6
    )


def test_an_empty_history_gives_zeros():
    assert not TargetAttention()(TARGET, HISTORY, np.zeros((2, 3), bool)).numpy().any()


def test_events_count_one_by_one_in_any_order():
    layer = TargetAttention()
    every = np.ones((2, 3), bool)
    together = layer(TARGET, HISTORY, every)
    one_by_one = sum(layer(TARGET, HISTORY[:, n : n + 1], every[:, :1]) for n in range(3))
    np.testing.assert_allclose(together, one_by_one, atol=1e-6)
    np.testing.assert_allclose(layer(TARGET, HISTORY[:, ::-1], every), together, atol=1e-6)


def test_the_length_may_be_unknown():
    symbols = [keras.Input((4,)), keras.Input((None, 4)), keras.Input((None,), dtype="bool")]
    model = keras.Model(symbols, TargetAttention()(*symbols))
    assert model.output_shape == (None, 4)
    longer = [TARGET, np.pad(HISTORY, ((0, 0), (0, 5), (0, 0))), np.pad(MASK, ((0, 0), (0, 5)))]
    np.testing.assert_allclose(model([TARGET, HISTORY, MASK]), model(longer), atol=1e-6)
