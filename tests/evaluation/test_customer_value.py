"""Metrics, baselines and calibration of the value of customers."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr

import kit
from kit import evaluation
from kit.data.purchases import open_purchases, split_purchases
from kit.evaluation import BG_NBD, ValuePredictions
from kit.metrics import auc
from tests.data.purchases.logs import purchases


@pytest.fixture(scope="module")
def data():
    return split_purchases(open_purchases(purchases()), horizon=40)


def predictions(actual, mean, **others):
    ends = {"low": np.zeros(len(actual)), "high": 2 * mean, "buys": mean}
    return ValuePredictions(actual, mean, **(ends | others))


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(0)
    size = rng.lognormal(3, 1, 400)
    actual = size * rng.lognormal(0, 1, 400) * (rng.random(400) < 0.6)
    return predictions(actual, size)


def test_metrics_are_those_of_their_definitions(made):
    found = made.summary()
    ordered = made.actual[np.argsort(-made.mean)]
    best = np.sort(made.actual)[::-1]

    def area(paid):
        share = np.r_[0, np.cumsum(paid) / paid.sum()]
        return np.trapezoid(share, dx=1 / len(paid)) - 0.5

    assert found["normalised Gini"] == pytest.approx(area(ordered) / area(best))
    assert found["AUC of buying"] == pytest.approx(auc((made.actual > 0) * 1.0, made.buys))
    assert found["Spearman"] == pytest.approx(spearmanr(made.actual, made.mean)[0])
    assert found["total"] == pytest.approx(made.mean.sum() / made.actual.sum())
    predicted, paid = made.deciles()
    assert found["decile error"] == pytest.approx((abs(predicted - paid) / paid).mean())
    assert found["MAE"] == pytest.approx(abs(made.mean - made.actual).mean())
    inside = made.actual <= 2 * made.mean
    assert found["coverage of 80 %"] == pytest.approx(inside.mean())


def test_a_perfect_ranking_has_gini_1_and_a_constant_one_none(made):
    perfect = predictions(made.actual, made.actual).summary()
    assert perfect["normalised Gini"] == pytest.approx(1)
    assert predictions(made.actual, np.ones(400)).summary()["AUC of buying"] == 0.5


def test_intervals_hold_the_metrics_and_differences_are_paired(made):
    for name, x in made.estimates().items():
        assert x.low < x.mean < x.high, name
    assert made.minus(made)["normalised Gini"].high == 0
    worse = predictions(made.actual, np.roll(made.mean, 1))
    assert made.minus(worse)["normalised Gini"].low > 0
    nothing = replace(made, low=np.full(400, np.nan))
    assert np.isnan(nothing.summary()["coverage of 80 %"])


def test_bg_nbd_expects_the_purchases_of_customers_as_it_supposes_them():
    # Rates are gamma and nobody leaves: expected purchases are those that are made.
    rng = np.random.default_rng(0)
    rate = rng.gamma(2, 0.02, 800)
    bought = rng.random((800, 300)) < rate[:, None]
    bought[:, 0] = True
    user, day = np.nonzero(bought)
    frame = pl.DataFrame(
        {"user": user, "time": (365 + day) * 86_400, "amount": np.full(len(day), 9.0)}
    )
    data = split_purchases(open_purchases(frame), horizon=60)
    found = evaluation.value_baselines(data)[BG_NBD].summary()
    assert found["total"] == pytest.approx(1, abs=0.1)
    assert found["normalised Gini"] > 0.3


def test_baselines_rank_customers(data):
    found = evaluation.value_baselines(data)
    assert list(found) == ["spend rate x 40 days", "last 40 days", BG_NBD]
    for name, system in found.items():
        assert system.summary()["normalised Gini"] > 0.4, name
    assert 0 < evaluation.auc_of_alive(data) < 1


def test_calibration_makes_valid_right(data):
    model = kit.models.CustomerValue.for_dataset(data, encoder="none", dim=4)
    evaluation.calibrate_values(model, data)
    valid = evaluation.values_of(model, data, "valid")
    found = valid.summary()
    assert found["total"] == pytest.approx(1, rel=1e-4)
    assert valid.buys.mean() == pytest.approx((valid.actual > 0).mean(), abs=1e-4)
    assert 0.8 <= found["coverage of 80 %"] < 0.83
