import keras
import numpy as np
import pytest

from kit.training import calibrate


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_it_finds_by_how_much_logits_are_off(factor):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 4))
    labels = (softmax(logits).cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    head = keras.layers.Dense(4)
    head.build((None, 3))
    before = [weight.copy() for weight in head.get_weights()]
    temperature = calibrate(head, softmax(factor * logits), labels)
    assert temperature == pytest.approx(factor, rel=0.05)
    for old, new in zip(before, head.get_weights(), strict=True):
        assert new == pytest.approx(old / temperature)


def test_a_probability_of_0_for_what_is_there_is_no_end():
    head = keras.layers.Dense(2)
    head.build((None, 1))
    assert 1 < calibrate(head, [[1.0, 0.0], [1.0, 0.0]], [0, 1]) < 21
