"""Cutting logs of purchases, and seasons."""

import numpy as np
import polars as pl
import pytest

from kit.data.purchases import date_of, open_purchases, season_factors, split_purchases
from tests.data.purchases.logs import purchases

HORIZON = 40


@pytest.fixture(scope="module")
def data():
    return split_purchases(open_purchases(purchases()), horizon=HORIZON)


def test_every_outcome_of_train_is_complete_before_that_of_valid_begins(data):
    assert data.test == data.end - 1 - HORIZON
    assert data.valid == data.test - HORIZON
    assert max(data.cuts) + HORIZON <= data.valid
    assert max(data.training_cuts(complete=True)) == data.valid
    assert set(data.cuts) < set(data.training_cuts(complete=True))


def test_histories_hold_what_lies_before_a_cut_and_values_what_follows(data):
    log = purchases().with_columns(day=pl.col("date").dt.epoch("d"))
    found = data.histories(data.test, 64)
    for row in (0, 7, -1):
        own = log.filter(pl.col("customer_id") == data.users[found.user[row]])
        before = own.filter(pl.col("day") < data.test)
        count = len(before)
        np.testing.assert_allclose(found.amount[row, :count], before["amount"], rtol=1e-6)
        np.testing.assert_array_equal(found.age[row, :count], data.test - before["day"])
        assert not found.age[row, count:].any()
        after = own.filter(pl.col("day").is_between(data.test, data.test + HORIZON, "left"))
        assert found.value[row] == pytest.approx(after["amount"].sum())
    assert (data.histories(data.test, 3).age > 0).sum(axis=1).max() == 3


def test_nothing_later_enters_a_history(data):
    log = purchases()
    cut = date_of(data.test)
    early = open_purchases(log.filter(pl.col("date") < cut))
    whole = data.histories(data.test, 16)
    shown = split_purchases(early, horizon=20).histories(data.test, 16)
    np.testing.assert_array_equal(whole.amount, shown.amount)
    np.testing.assert_array_equal(whole.age, shown.age)


def test_refunds_lower_values_but_not_below_0():
    log = purchases()
    cut = split_purchases(open_purchases(log), horizon=HORIZON).test
    back = log.filter(pl.col("date") >= date_of(cut)).with_columns(amount=-2 * pl.col("amount"))
    data = split_purchases(open_purchases(pl.concat([log, back.head(40)])), horizon=HORIZON)
    assert data.histories(cut, 4).value.min() == 0


def test_a_season_is_read_off_the_year_before():
    year = 1 + 0.5 * np.sin(2 * np.pi * np.arange(365) / 365)
    daily, day = np.tile(year, 3), np.array([2 * 365 + 100])
    ahead, past = daily[100:160].mean(), daily[40:100].mean()
    np.testing.assert_allclose(season_factors(daily, 0, day, 60), ahead / past)


def test_a_season_that_was_not_seen_is_not_known():
    daily = np.ones(300)
    assert season_factors(daily, 0, np.array([270]), 90).tolist() == [1.0]
    # Eight days of the horizon were seen a year before, at twice the level: the rest lies between.
    daily[:8] = 2
    (factor,) = season_factors(daily, 0, np.array([365 - 82]), 90)
    assert 1.3 < factor < 1.7


def test_a_season_does_not_look_ahead():
    daily = np.r_[np.ones(500), np.full(100, 9.0)]
    day = np.array([500])
    np.testing.assert_array_equal(
        season_factors(daily, 0, day, 60), season_factors(daily[:500], 0, day, 60)
    )
