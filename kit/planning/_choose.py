"""Choose on the earlier visits how much prices follow the stock."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kit.planning._limits import Limits
from kit.planning._prices import Prices
from kit.planning._simulate import Policy, simulate
from kit.planning._values import Values
from kit.planning._visits import Visits

FOLLOWED = (0.05, 0.1, 0.2, 0.3)
# Smoothed prices lie a little above what the last buyers are worth, who would get nothing. Prices
# are lowered by this share of a visit's mean best value, and at least by so many tau.
SLACK, OF_TAU = 0.003, 4.0
# How much prices should follow depends on the number of visits: it is tried on as many.
LONGEST = 5000


def chosen_follow(
    values: Values,
    rest: Visits,
    policy: Policy,
    limits: Limits,
    expected: int,
    *,
    seed: int,
) -> float:
    """How much prices follow the stock that is left, see `Policy`.

    It is tried on visits that the prices were not found with, drawn again and again until there are
    as many as expected.

    Args:
        values: of showing items to users.
        rest: earlier visits that the prices were not found with.
        policy: prices of the visits before these.
        limits: of the plan.
        expected: visits that the limits are for.
        seed: of the draw.
    """
    count = min(expected, LONGEST)
    visits = rest.drawn(np.sort(np.random.default_rng(seed).integers(len(rest), size=count)))
    limits = limits.scaled(count / expected).whole(seed)
    policies = [replace(policy, follow=follow) for follow in FOLLOWED]
    runs = simulate(values, visits, limits, policies, seed=seed)
    return FOLLOWED[int(np.argmax([run.value.sum() for run in runs]))]


def stock_prices(prices: Prices, limits: Limits, scale: float) -> NDArray[np.float32]:
    """Prices of items without that of the budget, lower by the slack where stock has one.

    Args:
        prices: as found.
        limits: of the plan.
        scale: mean best value of a visit.
    """
    asked = replace(prices, budget=0.0).asked(limits)
    slack = max(SLACK * scale, OF_TAU * prices.tau)
    lower = np.maximum(prices.items - slack, 0) - prices.items
    return np.asarray(asked + lower, np.float32)
