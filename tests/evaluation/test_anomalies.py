import numpy as np
import pytest

from kit.evaluation import AnomalyDetection, detection_table, plant, tail_of
from kit.models import tail_probability


@pytest.mark.parametrize("degrees", [2, 4, 30])
def test_probabilities_hold_far_beyond_what_was_seen(degrees):
    """Of tails of any weight, as many values of another sample lie beyond as the tail says."""
    rng = np.random.default_rng(0)
    tail = tail_of(rng.standard_t(degrees, 5_000))
    probability = np.asarray(tail_probability(rng.standard_t(degrees, 200_000), tail))
    for rate in (0.1, 0.01, 0.001):
        assert (probability <= rate).mean() == pytest.approx(rate, rel=0.6)


def test_few_or_equal_deviations_have_a_tail_as_well():
    for deviations in (np.zeros(500), np.array([]), np.array([1.0, np.nan])):
        tail = tail_of(deviations)
        assert (np.diff(tail[0]) > 0).all()
        assert (np.diff(tail[1]) <= 0).all()
        assert 0 <= float(tail_probability(50.0, tail)) <= 1


def test_planted_anomalies_are_where_they_are_said_to_be():
    values = np.random.default_rng(0).poisson(20, (30, 100)).astype(float)
    values[3, 90] = np.nan
    changed, label = plant(values, 60, share=0.05, nonnegative=True)
    same = (changed == values) | np.isnan(values)
    assert same[:, :60].all()
    assert same[~label].all()
    assert not same[label].any()
    assert (changed[~np.isnan(changed)] >= 0).all()
    assert np.isnan(changed[3, 90])
    again, _ = plant(values, 60, share=0.05, nonnegative=True)
    np.testing.assert_array_equal(again, changed)


def test_a_flag_beside_an_event_is_a_false_one():
    label = np.array([[0, 1, 1, 1, 0, 0, 0, 1]]) > 0
    for flagged, expected in (
        ([0, 1, 0, 0, 0, 0, 0, 1], (1, 1)),
        ([1, 1, 0, 0, 1, 0, 0, 0], (1 / 3, 0.5)),
    ):
        flagged = np.array([flagged]) > 0
        found = AnomalyDetection(flagged * 1.0, flagged, label).summary()
        assert (found["precision"], found["recall"]) == pytest.approx(expected)


def test_random_scores_find_their_share():
    label = np.random.default_rng(1).random((200, 500)) < 0.02
    table = dict(detection_table({"knows": label + 0.0}, label, 0.02))
    assert table["knows"]["average precision"] == 1
    assert table["random"]["average precision"] == pytest.approx(0.02, abs=0.005)
