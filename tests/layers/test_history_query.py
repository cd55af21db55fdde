import keras
import numpy as np
import pytest

from kit.layers import HistoryQuery
from tests.layers.harness import check_layer

RANDOM = np.random.default_rng(0)
ITEMS = RANDOM.normal(size=(50, 4)).astype(np.float32) * [2.0, 1.0, 0.5, 0.1]
BIAS = RANDOM.normal(size=50).astype(np.float32)
HISTORIES = [[3], [1, 4, 8], list(range(40))]
TOTAL = np.float32([ITEMS[history].sum(axis=0) for history in HISTORIES])
COUNT = np.float32([[len(history)] for history in HISTORIES])


def updated(**settings):
    layer = HistoryQuery(4, **settings)
    layer.build()
    layer.update(ITEMS, BIAS)
    return layer


def test_it_is_a_layer_like_the_others():
    check_layer(lambda **dtype: HistoryQuery(4, **dtype), (TOTAL, COUNT), tolerance=1e-4)


def test_the_moments_are_those_under_the_softmax_of_the_biases():
    layer = updated()
    share = np.exp(BIAS) / np.exp(BIAS).sum()
    np.testing.assert_allclose(layer.mean, share @ ITEMS, atol=1e-6)
    expected = np.cov(ITEMS.T, aweights=share, ddof=0)
    np.testing.assert_allclose(layer.covariance, expected, atol=1e-5)


def test_momentum_keeps_a_share_of_the_moments():
    layer = updated()
    before = layer.mean.numpy()
    layer.update(ITEMS + 1, BIAS, momentum=0.9)
    np.testing.assert_allclose(layer.mean, before + 0.1, atol=1e-6)


def test_it_is_one_newton_step_on_the_likelihood_of_the_history():
    query = updated(ridge=0.02, ridge_of_one=0.3)(TOTAL, COUNT).numpy()
    share = np.exp(BIAS) / np.exp(BIAS).sum()
    covariance = np.cov(ITEMS.T, aweights=share, ddof=0)
    for row, history in enumerate(HISTORIES):
        curve = covariance + (0.02 + 0.3 / len(history)) * np.eye(4)
        slope = ITEMS[history].mean(axis=0) - share @ ITEMS
        np.testing.assert_allclose(query[row], np.linalg.solve(curve, slope), rtol=1e-3, atol=1e-4)


def test_the_query_is_a_sum_over_the_items_of_the_history():
    layer = updated()
    ones = np.float32([[3.0]])
    alone = [layer(ITEMS[[i]], ones * 0 + 1) for i in (1, 4, 8)]
    # Each with the damping of three items.
    layer.ridge_of_one /= 3
    scaled = [layer(ITEMS[[i]], ones * 0 + 1) for i in (1, 4, 8)]
    layer.ridge_of_one *= 3
    whole = layer(TOTAL[1:2], ones)
    np.testing.assert_allclose(np.mean(scaled, axis=0), whole, rtol=1e-4, atol=1e-5)
    assert np.abs(np.mean(alone, axis=0) - whole).max() > 1e-3


def test_an_empty_history_gives_zeros():
    assert not updated()(np.zeros((2, 4)), np.zeros((2, 1))).numpy().any()


@pytest.mark.parametrize("wrong", [{"ridge": 0}, {"ridge_of_one": -1.0}])
def test_ridges_are_positive(wrong):
    with pytest.raises(ValueError, match="must be above 0"):
        HistoryQuery(4, **wrong)


def test_mixed_precision_computes_in_float32():
    exact, half = updated()(TOTAL, COUNT), updated(dtype="mixed_float16")(TOTAL, COUNT)
    assert half.dtype == "float16"
    np.testing.assert_allclose(half, exact, rtol=2e-3, atol=1e-3)
    assert keras.backend.standardize_dtype(updated(dtype="mixed_float16").mean.dtype) == "float32"
