"""Choose on the earlier visits how fast prices follow the stock."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kit.planning._limits import Limits
from kit.planning._prices import Prices
from kit.planning._simulate import Policy, simulate
from kit.planning._values import Values
from kit.planning._visits import Visits

STEPS = (0.003, 0.01, 0.03, 0.1)
# Smoothed prices lie a little above what the last buyers are worth, who would get nothing. Prices
# are lowered by this share of a visit's mean best value.
SLACK = 0.01
# Steps that suit a few visits are too long for many: they are tried on a period of full length.
LONGEST = 5000


def chosen_step(
    values: Values,
    rest: Visits,
    prices: Prices,
    limits: Limits,
    expected: int,
    scale: float,
    *,
    seed: int,
) -> float:
    """The step of refreshed prices, as a share of a visit's mean best value.

    Steps are tried on visits that the prices were not found with, drawn again and again until there
    are as many as expected.

    Args:
        values: of showing items to users.
        rest: earlier visits that the prices were not found with.
        prices: of the visits before these.
        limits: of the plan.
        expected: visits that the limits are for.
        scale: mean best value of a visit.
        seed: of the draw.
    """
    count = min(expected, LONGEST)
    visits = rest.drawn(np.sort(np.random.default_rng(seed).integers(len(rest), size=count)))
    limits = limits.scaled(count / expected).whole(seed)
    policies = [refreshed(prices, limits, step, scale) for step in STEPS]
    runs = simulate(values, visits, limits, policies, seed=seed)
    return STEPS[int(np.argmax([run.value.sum() for run in runs]))]


def refreshed(prices: Prices, limits: Limits, step: float, scale: float) -> Policy:
    """Prices that follow the stock that is left.

    Args:
        prices: at the start.
        limits: of the plan.
        step: as a share of the mean best value.
        scale: mean best value of a visit.
    """
    cost = mean_cost(limits)
    asked = lowered(prices, limits, SLACK * scale)
    return Policy("refreshed prices", asked, prices.budget, step * scale, step * scale / cost**2)


def lowered(prices: Prices, limits: Limits, slack: float) -> NDArray[np.float32]:
    """Prices without that of the budget, lower by the slack where an item has one."""
    asked = replace(prices, budget=0.0).asked(limits)
    return np.asarray(asked + np.maximum(prices.items - slack, 0) - prices.items, np.float32)


def mean_cost(limits: Limits) -> float:
    """What showing an item that has stock costs; 1 where nothing costs."""
    costs = limits.cost[limits.stock > 0]
    return float(costs.mean()) if costs.any() else 1.0
