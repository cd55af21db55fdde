import numpy as np
import pytest

from kit.data.series import Hierarchy
from kit.models import BOTTOM_UP, MINT, Forecaster, Reconciliation, mint_gain, shrinkage_of

HIERARCHY = Hierarchy(
    ("total", "region"), (("total",), ("n", "s")), np.array([[0] * 5, [0, 0, 1, 1, 1]])
)


def errors(count=30):
    rng = np.random.default_rng(0)
    series = rng.normal(size=(5, count)) + rng.normal(size=count)
    return series, HIERARCHY.sums(series) + rng.normal(size=(3, count))


def test_the_shrinkage_is_that_of_its_definition():
    series, _ = errors()
    scaled = series / np.sqrt((series**2).mean(axis=1, keepdims=True))
    products = scaled[:, None] * scaled[None]
    count, correlation = products.shape[-1], products.mean(axis=-1)
    variance = ((products - correlation[..., None]) ** 2).sum(axis=-1) * count / (count - 1) ** 3
    pairs = ~np.eye(5, dtype=bool)
    expected = variance[pairs].sum() / (correlation[pairs] ** 2).sum()
    assert 0 < expected < 1
    assert shrinkage_of(series) == pytest.approx(expected)


def test_reconciled_forecasts_are_those_of_the_published_formula():
    series, groups = errors()
    gain, shrinkage = mint_gain(HIERARCHY, series, groups)
    both = np.concatenate([groups, series])
    sample = both @ both.T / both.shape[1]
    covariance = shrinkage * np.diag(np.diag(sample)) + (1 - shrinkage) * sample
    sums = np.concatenate([HIERARCHY.sums(np.eye(5)), np.eye(5)])
    inverse = np.linalg.inv(covariance)
    mapping = np.linalg.solve(sums.T @ inverse @ sums, sums.T @ inverse)
    forecasts = np.random.default_rng(1).normal(size=8)
    found = Reconciliation(HIERARCHY, Forecaster(1, 1), gain).series(forecasts[3:], forecasts[:3])
    np.testing.assert_allclose(found, mapping @ forecasts, rtol=1e-5)


def test_forecasts_that_are_coherent_stay_as_they_are():
    gain, _ = mint_gain(HIERARCHY, *errors())
    series = np.arange(1.0, 6)
    found = Reconciliation(HIERARCHY, Forecaster(1, 1), gain).series(series, HIERARCHY.sums(series))
    np.testing.assert_allclose(found, series, rtol=1e-6)


def test_nothing_is_below_0_where_outcomes_are_not():
    gain, _ = mint_gain(HIERARCHY, *errors())
    series, groups = np.full(5, 0.1), np.full(3, -9.0)
    free = Reconciliation(HIERARCHY, Forecaster(1, 1), gain)
    assert free.series(series, groups).min() < 0
    bounded = Reconciliation(HIERARCHY, Forecaster(1, 1), gain, nonnegative=True)
    assert bounded.series(series, groups).min() == 0
    quantile, before = np.array([[0.0, 1, 2, 3]]), np.array([2.0])
    for mean, expected in ((0.5, [0, 0.25, 0.5, 1.5]), (3.0, [0, 1.5, 3, 4])):
        found = bounded.quantiles(quantile, before, np.array([mean]))
        np.testing.assert_allclose(found, [expected], rtol=1e-6)
    assert bounded.quantiles(quantile, 0 * before, before).tolist() == [[2, 3, 4, 5]]
    assert free.quantiles(quantile, before, np.array([0.5])).tolist() == [[-1.5, -0.5, 0.5, 1.5]]


def test_bottom_up_leaves_the_series_alone():
    adding = Reconciliation(HIERARCHY, Forecaster(1, 1))
    assert adding.method == BOTTOM_UP
    np.testing.assert_array_equal(adding.series(np.arange(5.0), np.full(3, 99.0)), np.arange(5))
    assert Reconciliation(HIERARCHY, Forecaster(1, 1), np.zeros((5, 3), np.float32)).method == MINT


def test_series_without_an_error_and_missing_errors_are_no_trouble():
    series, groups = errors()
    series[0], series[1, :4], groups[1, 2] = 0, np.nan, np.nan
    gain, shrinkage = mint_gain(HIERARCHY, series, groups)
    assert np.isfinite(gain).all()
    assert 0 < shrinkage <= 1
    assert np.abs(gain[0]).max() < 1e-3 * np.abs(gain).max()
