import numpy as np
import pytest
import tensorflow as tf

from kit.losses import gbce

ITEMS = 30


def parts(drawn=5, seed=0):
    random = np.random.default_rng(seed)
    queries, positives = random.normal(size=(2, 4, 3)).astype(np.float32)
    targets = np.array([3, 7, 0, 9], np.int32)
    ids = np.array([7, 2, 2, 11, 30][:drawn], np.int32)
    negatives = random.normal(size=(drawn, 3)).astype(np.float32)
    weights = np.array([1.0, 2.0, 5.0, 0.5], np.float32)
    return [tf.constant(x) for x in (queries, positives, negatives, targets, ids, weights)]


@pytest.mark.parametrize("calibration", [0.0, 0.75, 1.0])
def test_equals_the_definition(calibration):
    queries, positives, negatives, targets, ids, weights = (x.numpy() for x in parts())
    rate = len(ids) / (ITEMS - 1)
    power = rate * (calibration * (1 - 1 / rate) + 1 / rate)
    total = 0.0
    for row, target in enumerate(targets):
        if target:
            chance = 1 / (1 + np.exp(-queries[row] @ positives[row]))
            loss = -power * np.log(chance)
            for negative, code in zip(negatives, ids, strict=True):
                if code != target:
                    loss -= np.log(1 - 1 / (1 + np.exp(-queries[row] @ negative)))
            total += weights[row] * loss
    expected = total / weights[targets > 0].sum()
    found = gbce(*parts(), num_items=ITEMS, calibration=calibration)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_without_calibration_it_is_binary_cross_entropy():
    # The power is 1 at t = 0, whatever the share of negatives.
    plain = [gbce(*parts(), num_items=n, calibration=0.0) for n in (10, 10_000)]
    assert float(plain[0]) == pytest.approx(float(plain[1]))


def test_padding_alone_gives_0():
    queries, positives, negatives, targets, ids, weights = parts()
    nothing = gbce(queries, positives, negatives, 0 * targets, ids, weights, num_items=ITEMS)
    assert float(nothing) == 0
