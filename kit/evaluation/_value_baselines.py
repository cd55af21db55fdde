"""Baselines of customer value: spend rates, and BG/NBD with Gamma-Gamma."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1

from kit.data.purchases import PurchaseData
from kit.evaluation._customer_value import ValuePredictions
from kit.metrics import auc
from kit.progress import stage

WEEK = 7.0
BG_NBD = "BG/NBD + Gamma-Gamma"
"""Name of the probability model among the baselines."""
Numbers = NDArray[np.float64]
# Weight of the squared logarithms of parameters, without which small samples drive them away.
PENALTY = 1e-3


@dataclass(frozen=True)
class Recency:
    """What probability models of repeat purchases know of customers, times in weeks.

    Args:
        repeats: number of days with a purchase after the first one, float64 [customers].
        last: time of the last one since the first one.
        tenure: time since the first one.
        spend: mean amount of all of these days.
    """

    repeats: Numbers
    last: Numbers
    tenure: Numbers
    spend: Numbers

    @classmethod
    def of(cls, data: PurchaseData, cut: int) -> "Recency":
        """Of the customers of `PurchaseData.histories`, who had bought before a cut."""
        kept = (data.day < cut) & (data.amount > 0)
        user, day, amount = data.user[kept], data.day[kept], data.amount[kept]
        first_place = np.flatnonzero(np.r_[True, np.diff(user) != 0])
        count = np.diff(np.r_[first_place, len(user)])
        first, last = day[first_place], day[first_place + count - 1]
        total = np.add.reduceat(amount, first_place)
        return cls(
            repeats=count - 1.0,
            last=(last - first) / WEEK,
            tenure=(cut - first) / WEEK,
            spend=total / count,
        )


@stage("baselines")
def value_baselines(data: PurchaseData) -> dict[str, ValuePredictions]:
    """Predictions of the baselines on test, from what lies before its cut.

    The spend of a customer a day since the first purchase, times the horizon; what was paid in as
    many days before the cut; and the purchases that BG/NBD expects times the amount that
    Gamma-Gamma does. None of them knows a season, and none gives an interval. Customers are ranked
    by whether they buy again by their purchases a day, the age of the last one, and the purchases
    that are expected.
    """
    cut, horizon = data.test, data.horizon
    actual = data.histories(cut, 1).value
    count = len(data.users)
    before, recent = data.day < cut, (data.day < cut) & (data.day >= cut - horizon)
    known = np.unique(data.user[before & (data.amount > 0)])
    spend, lately = (
        np.maximum(np.bincount(data.user[part], data.amount[part], count), 0)[known]
        for part in (before, recent)
    )
    of = Recency.of(data, cut)
    rate = spend / (of.tenure * WEEK) * horizon
    purchases, _ = bg_nbd(of, horizon / WEEK)
    found = {
        f"spend rate x {horizon} days": (rate, (of.repeats + 1) / of.tenure),
        f"last {horizon} days": (lately, of.last - of.tenure),
        BG_NBD: (purchases * gamma_gamma(of), purchases),
    }
    none = np.full(len(actual), np.nan)
    return {
        name: ValuePredictions(actual, mean, none, none, buys)
        for name, (mean, buys) in found.items()
    }


def auc_of_alive(data: PurchaseData) -> float:
    """AUC of "buys again" on test of BG/NBD's probability to be alive.

    It is 1 by definition for customers with one purchase, so it does not rank them.
    """
    _, alive = bg_nbd(Recency.of(data, data.test), data.horizon / WEEK)
    return auc((data.histories(data.test, 1).value > 0).astype(float), alive)


def bg_nbd(of: Recency, weeks: float) -> tuple[Numbers, Numbers]:
    """Expected number of purchases in the next weeks, and the probability to be alive.

    Source: Fader, Hardie and Lee (2005), "Counting your customers" the easy way: an alternative to
    the Pareto/NBD model, equations 6 and 10.
    """
    x, last, tenure = of.repeats, of.last, of.tenure

    def loss(logs: Numbers) -> float:
        r, alpha, a, b = np.exp(logs)
        first = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        both = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + tenure)
        left = betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b)
        left = np.where(x > 0, left - (r + x) * np.log(alpha + last), -np.inf)
        return float(-(first + np.logaddexp(both, left)).mean() + PENALTY * (logs**2).sum())

    r, alpha, a, b = np.exp(_minimum(loss, np.log([0.5, 5.0, 1.0, 2.0])))
    odds = a / (b + np.maximum(x, 1) - 1) * ((alpha + tenure) / (alpha + last)) ** (r + x)
    alive = 1 / (1 + np.where(x > 0, odds, 0))
    share = ((alpha + tenure) / (alpha + tenure + weeks)) ** (r + x)
    series = hyp2f1(r + x, b + x, a + b + x - 1, weeks / (alpha + tenure + weeks))
    return (a + b + x - 1) / (a - 1) * (1 - share * series) * alive, alive


def gamma_gamma(of: Recency) -> Numbers:
    """Expected amount of a day with a purchase, from all of them, as that ranks best.

    Source: Fader and Hardie (2013), The Gamma-Gamma model of monetary value, equations 1a and 5.
    """
    x, mean = of.repeats + 1, of.spend

    def loss(logs: Numbers) -> float:
        p, q, v = np.exp(logs)
        found = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
        found += (p * x - 1) * np.log(mean) + p * x * np.log(x) - (p * x + q) * np.log(x * mean + v)
        return float(-found.mean() + PENALTY * (logs**2).sum())

    p, q, v = np.exp(_minimum(loss, np.log([2.0, 3.0, max(np.median(mean), 1.0)])))
    # Of q below 1 the mean over customers would be endless.
    q = max(q, 1.01)
    expected: Numbers = p * (v + x * mean) / (p * x + q - 1)
    return expected


def _minimum(loss: Callable[[Numbers], float], start: Numbers) -> Numbers:
    bounds = [(-8, 14)] * len(start)
    found: Numbers = minimize(loss, start, method="L-BFGS-B", bounds=bounds).x
    return found
