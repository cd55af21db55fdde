import numpy as np
import pytest
import tensorflow as tf

from kit.retrieval import apply_boosts

LOWEST = np.finfo(np.float32).min


def scores_with(factors, is_meant, scores=(0.5, -1.0, LOWEST)):
    found = apply_boosts(
        tf.constant([scores], tf.float32),
        tf.constant([is_meant], tf.bool),
        tf.constant([factors], tf.float32),
    )
    return found.numpy()[0]


def test_factors_multiply_the_odds_of_what_they_mean():
    found = scores_with([2.0, 3.0], [[True, True], [False, True], [True, True]])
    np.testing.assert_allclose(found[:2], [0.5 + np.log(6), -1 + np.log(3)], rtol=1e-6)
    assert found[2] == LOWEST


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("-inf")])
def test_what_is_no_factor_takes_the_candidate_out(factor):
    found = scores_with([factor, 2.0], [[True, True], [False, False], [False, False]])
    assert found.tolist() == [LOWEST, -1.0, LOWEST]


@pytest.mark.parametrize(("factor", "taken"), [(1e30, 1e6), (float("inf"), 1e6), (1e-30, 1e-6)])
def test_factors_are_drawn_in_so_that_scores_stay_finite(factor, taken):
    found = scores_with([factor], [[True], [False], [False]])
    np.testing.assert_allclose(found[0], 0.5 + np.log(taken), rtol=1e-6)


def test_no_boost_leaves_the_scores():
    empty = tf.zeros([1, 3, 0], tf.bool)
    found = apply_boosts(tf.constant([[1.0, 2.0, LOWEST]]), empty, tf.zeros([1, 0]))
    assert found.numpy().tolist() == [[1.0, 2.0, LOWEST]]
