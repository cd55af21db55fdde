"""Prices and assignments beside a linear program."""

from dataclasses import replace

import numpy as np
import pytest

from kit.planning import Candidates, Limits, assign, find_prices, linear_program

USERS, ITEMS = 60, 12


def problem(seed=0, visits=3):
    """Users with values for all items, and stock for a third of their visits."""
    random = np.random.default_rng(seed)
    values = (random.gamma(1, size=(USERS, ITEMS)) * random.gamma(2, size=ITEMS)).astype("f")
    values[random.random(values.shape) < 0.2] = 0
    items = np.tile(np.arange(ITEMS, dtype=np.int32), (USERS, 1))
    counts = random.integers(1, visits + 1, USERS).astype(np.float32)
    stock = random.integers(0, 2 * USERS // ITEMS, ITEMS).astype(np.float32)
    return Candidates(np.where(values > 0, items, -1), values, counts), Limits.of_stock(stock)


def full(limits, seed=0):
    """The same with a budget and two minimum shares."""
    random = np.random.default_rng(seed)
    cost = random.uniform(1, 3, ITEMS).astype(np.float32)
    member = np.zeros((2, ITEMS), np.float32)
    member[0, :3], member[1, 3:5] = 1, 1
    budget = float(0.5 * (cost @ limits.stock))
    shares = np.float32([0.3, 0.2])
    return replace(limits, cost=cost, budget=budget, member=member, shares=shares, names=["a", "b"])


@pytest.mark.parametrize(("seed", "has_all"), [(0, False), (1, False), (1, True)])
def test_prices_reach_the_linear_program(seed, has_all):
    candidates, limits = problem(seed)
    limits = full(limits, seed) if has_all else limits
    prices = find_prices(candidates, limits, gap=0.005)
    best = linear_program(candidates, limits)
    # The bound is one at any prices; what is reached keeps all limits.
    assert prices.reached <= best * (1 + 1e-6) <= prices.bound * (1 + 1e-5)
    assert prices.gap < (0.03 if has_all else 0.01)


def test_a_catalogue_is_priced_as_a_whole_though_few_candidates_are_listed():
    candidates, limits = problem(5)
    values = np.where(candidates.items >= 0, candidates.values, 0)

    def refill(asked):
        margin = np.where(values > 0, values - asked, -1e9)
        best = np.argsort(-margin, axis=1)[:, :3].astype(np.int32)
        own = np.take_along_axis(values, best, axis=1)
        bound = float(np.maximum(margin.max(axis=1), 0) @ candidates.visits)
        return Candidates(np.where(own > 0, best, -1), own, candidates.visits), bound

    prices = find_prices(refill, limits, gap=0.01)
    best = linear_program(candidates, limits)
    assert prices.bound == pytest.approx(best, rel=0.012)
    assert prices.reached == pytest.approx(best, rel=0.012)


def test_without_scarcity_nothing_has_a_price():
    candidates, limits = problem()
    prices = find_prices(candidates, replace(limits, stock=np.full(ITEMS, 1e4, np.float32)))
    assert prices.items.max() < 1e-6
    assert prices.bound == pytest.approx(candidates.values.max(axis=1) @ candidates.visits)


def test_nothing_to_show_has_no_value():
    candidates, limits = problem()
    nothing = replace(candidates, items=np.full_like(candidates.items, -1))
    prices = find_prices(nothing, limits)
    assert (prices.bound, prices.reached, prices.gap) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("has_all", [False, True])
def test_an_assignment_keeps_every_limit_and_comes_close(has_all):
    candidates, limits = problem(1, visits=1)
    limits = full(limits) if has_all else limits
    prices = find_prices(candidates, limits)
    found = assign(candidates, limits, prices)
    shown = found[found >= 0]
    use = np.bincount(shown, minlength=ITEMS)
    assert (use <= limits.stock).all()
    if has_all:
        assert use @ limits.cost <= limits.budget
        assert (limits.member @ use >= limits.shares * use.sum() - 1e-9).all()
    rows = np.flatnonzero(found >= 0)
    value = float(candidates.values[rows, found[rows]].sum())
    assert value >= (0.85 if has_all else 0.93) * linear_program(candidates, limits)
