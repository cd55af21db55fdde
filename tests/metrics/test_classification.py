import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from kit.metrics import (
    auc,
    bootstrap_aucs,
    calibration_error,
    grouped_auc,
    grouped_aucs,
    log_losses,
    reliability,
)


def predictions(rows=2000, seed=0, steps=None):
    rng = np.random.default_rng(seed)
    labels = (rng.random(rows) < 0.3).astype(np.float32)
    scores = (1 / (1 + np.exp(-rng.normal(labels, 1.5)))).astype(np.float32)
    # In steps, so that many scores are equal.
    return labels, scores if steps is None else np.round(scores * steps) / steps


@pytest.mark.parametrize("steps", [None, 5, 1])
def test_auc_is_that_of_scikit_learn(steps):
    labels, scores = predictions(steps=steps)
    assert auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    weights = np.random.default_rng(1).integers(0, 4, len(labels))
    expected = roc_auc_score(labels, scores, sample_weight=weights)
    assert auc(labels, scores, weights) == pytest.approx(expected, abs=1e-12)


def test_auc_counts_pairs():
    labels, scores = predictions(rows=60, steps=4)
    ones, zeros = scores[labels == 1][:, None], scores[labels == 0][None]
    pairs = (ones > zeros) + (ones == zeros) / 2
    assert auc(labels, scores) == pytest.approx(pairs.mean(), abs=1e-12)


def test_auc_of_one_class_or_of_nothing_is_none():
    assert np.isnan(auc(np.ones(3), np.arange(3)))
    assert np.isnan(auc(np.zeros(0), np.zeros(0)))


@pytest.mark.parametrize("steps", [None, 3])
def test_grouped_auc_is_the_mean_of_each_groups_own(steps):
    labels, scores = predictions(rows=400, steps=steps)
    groups = np.random.default_rng(2).integers(0, 90, 400) * 7
    values, sizes = grouped_aucs(labels, scores, groups)
    expected = [auc(labels[groups == g], scores[groups == g]) for g in np.unique(groups)]
    np.testing.assert_allclose(values, expected, atol=1e-12)
    known = ~np.isnan(values)
    mean, counted, left_out = grouped_auc(labels, scores, groups)
    assert mean == pytest.approx((values[known] @ sizes[known]) / sizes[known].sum())
    assert (counted, left_out) == (known.sum(), (~known).sum())
    assert left_out > 0


def test_grouped_auc_where_every_group_has_one_class():
    mean, counted, left_out = grouped_auc(np.array([0, 1]), np.array([0.1, 0.2]), np.array([1, 2]))
    assert np.isnan(mean)
    assert (counted, left_out) == (0, 2)


def test_log_loss_is_that_of_scikit_learn_and_finite_at_the_ends():
    labels, scores = predictions()
    assert log_losses(labels, scores).mean() == pytest.approx(log_loss(labels, scores))
    sure = log_losses(np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0]))
    np.testing.assert_allclose(sure, [16.118, 16.118, 0], atol=1e-3)


def test_bins_hold_equally_many_rows_and_equal_probabilities_stay_together():
    labels, scores = predictions(rows=1000)
    said, found, rows = reliability(labels, scores, bins=10)
    assert rows.tolist() == [100] * 10
    order = np.argsort(scores)
    np.testing.assert_allclose(said, scores[order].reshape(10, 100).mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(found, labels[order].reshape(10, 100).mean(axis=1), rtol=1e-6)
    said, found, rows = reliability(labels, np.full(1000, 0.3), bins=10)
    assert (said.tolist(), rows.tolist()) == ([pytest.approx(0.3)], [1000])
    assert reliability(*predictions(steps=3), bins=20)[2].sum() == 2000


def test_calibration_error():
    labels = np.repeat([0.0, 1.0, 0.0, 1.0], [70, 30, 20, 80])
    scores = np.repeat([0.4, 0.9], 100)
    assert calibration_error(labels, scores, bins=2) == pytest.approx((0.1 + 0.1) / 2)
    assert calibration_error(labels, np.full(200, labels.mean())) == pytest.approx(0)
    assert np.isnan(calibration_error(np.zeros(0), np.zeros(0)))


def test_resamples_are_paired_and_spread_like_the_theory_says():
    labels, scores = predictions(rows=500)
    aucs = bootstrap_aucs(labels, scores, resamples=300)
    assert (aucs == bootstrap_aucs(labels, scores * 2, resamples=300)).all()
    assert aucs.mean() == pytest.approx(auc(labels, scores), abs=0.005)
    # Hanley and McNeil's standard error.
    a, ones, zeros = auc(labels, scores), labels.sum(), (1 - labels).sum()
    q1, q2 = a / (2 - a), 2 * a**2 / (1 + a)
    variance = (a * (1 - a) + (ones - 1) * (q1 - a**2) + (zeros - 1) * (q2 - a**2)) / ones / zeros
    assert aucs.std() == pytest.approx(np.sqrt(variance), rel=0.15)
