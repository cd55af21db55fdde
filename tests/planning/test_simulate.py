"""Calibration, expected visits and the simulation, on data made by hand."""

import numpy as np
import pytest

from kit.exporting import ScoreTable
from kit.planning import (
    Limits,
    Policy,
    Visits,
    expected_visits,
    isotonic_table,
    simulate,
)


class Given:
    """Values of two users for three items."""

    value = np.ones(3, np.float32)

    def __init__(self, rows):
        self._rows = np.array(rows, np.float32)

    def rows(self, users):
        yield slice(0, len(users)), self._rows[users], None


def visits(users, times=None, bought=None):
    bought = bought or [[] for _ in users]
    offsets = np.cumsum([0, *map(len, bought)])
    items = np.array([item for row in bought for item in row], np.int32)
    times = np.arange(len(users)) if times is None else np.array(times)
    return Visits(np.array(users, np.int32), times, offsets, items)


def test_the_calibration_is_monotone_and_adds_up():
    random = np.random.default_rng(0)
    scores = random.normal(size=20_000)
    chance = 1 / (1 + np.exp(3 - 1.5 * scores))
    bought = (random.random(20_000) < chance).astype(float)
    table = isotonic_table([(scores, np.ones(20_000), bought)])
    assert isinstance(table, ScoreTable)
    assert (np.diff(table.probability) >= 0).all()
    assert table.of(scores).sum() == pytest.approx(bought.sum(), rel=0.05)
    for score in (-1.0, 0.0, 1.5):
        assert table.of(np.array([score]))[0] == pytest.approx(
            1 / (1 + np.exp(3 - 1.5 * score)), rel=0.3
        )


def test_prices_keep_scarce_items_for_those_who_want_them_most():
    values = Given([[1.0, 0.9, 0], [2.0, 0.1, 0]])
    log = visits([0, 1], bought=[[1], [0]])
    limits = Limits.of_stock(np.float32([1, 1, 0]))
    greedy, priced = simulate(
        values,
        log,
        limits,
        [Policy("greedy", np.zeros(3, np.float32)), Policy("p", np.float32([1.5, 0, 0]))],
    )
    assert greedy.item.tolist() == [0, 1]
    assert priced.item.tolist() == [1, 0]
    assert priced.value.tolist() == pytest.approx([0.9, 2.0])
    # Both really bought what they were shown.
    assert (greedy.bought.sum(), priced.bought.sum()) == (0.0, 2.0)


def test_no_policy_breaks_a_limit():
    random = np.random.default_rng(0)
    values = Given(random.random((5, 3)))
    log = visits(random.integers(5, size=300), np.sort(random.integers(0, 1000, 300)))
    limits = Limits(
        np.float32([20, 30, 5]),
        np.float32([1, 2, 3]),
        60.0,
        np.zeros((0, 3), np.float32),
        np.zeros(0, np.float32),
        contacts=2,
        window=100,
    )
    asked = np.float32([0.2, 0.1, 0.4])
    policies = [Policy("greedy", 0 * asked), Policy("random", None), Policy("s", asked, 0.1)]
    for run in simulate(values, log, limits, [*policies, Policy("f", asked, 0.1, follow=0.2)]):
        shown = run.item >= 0
        use = np.bincount(run.item[shown], minlength=3)
        assert shown.any()
        assert (use <= limits.stock).all()
        assert use @ limits.cost <= limits.budget
        for user in range(5):
            times = log.time[shown & (log.user == user)]
            assert all(((times > t - 100) & (times <= t)).sum() <= 2 for t in times)


def test_prices_that_follow_the_stock_sell_it():
    values = Given([[1.0, 0, 0], [0.5, 0, 0]])
    log = visits(np.r_[np.zeros(5, int), np.ones(95, int)])
    limits = Limits.of_stock(np.float32([50, 0, 0]))
    too_high = np.float32([0.7, 0, 0])
    kept, followed = simulate(
        values, log, limits, [Policy("kept", too_high), Policy("followed", too_high, follow=0.3)]
    )
    assert (kept.item >= 0).sum() == 5
    assert (followed.item >= 0).sum() > 30


def test_contacts_are_counted_within_days():
    log = visits([0, 0, 1, 0, 0], [0, 5, 6, 9, 15])
    assert log.allowed(2, 10).tolist() == [True, True, True, False, True]
    assert log.allowed(None, 0).all()


def test_expected_visits_lie_between_those_of_the_log_and_the_mean():
    log = visits([0] * 9 + [1, -1])
    names = [str(number) for number in range(10)]
    counts = expected_visits(log, names, Limits.of_stock(np.float32([1])))
    assert counts[:10].sum() == pytest.approx(10)
    assert 1 < counts[0] < 9
    assert counts[1] > counts[2] > 0
    assert counts[10] == 1
