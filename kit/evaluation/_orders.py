"""Order quantities from forecasts: the newsvendor's, and what they would have cost."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from kit.data.series import SeriesData
from kit.evaluation._forecasting import Forecasts
from kit.metrics import Estimate

# Series are taken apart by the size of their forecasts, if each class has so many on valid.
CLASSES, FEWEST_FORECASTS = 3, 200
RESAMPLES = 1000


@dataclass(frozen=True)
class OrderTerms:
    """What a unit costs and brings, each a number or float64 [series].

    Args:
        cost: what a unit costs.
        price: what it is sold for.
        salvage: what one that is left over is worth.

    Example:

    >>> float(OrderTerms(cost=np.array(6.0), price=np.array(10.0), salvage=np.array(2.0)).ratio)
    0.5
    """

    cost: NDArray[np.float64]
    price: NDArray[np.float64]
    salvage: NDArray[np.float64]

    @property
    def ratio(self) -> NDArray[np.float64]:
        """The share of cases in which the best order covers the demand.

        Source: Arrow, Harris and Marschak (1951), Optimal inventory policy.
        """
        ratio: NDArray[np.float64] = (self.price - self.cost) / (self.price - self.salvage)
        return ratio

    def loss(
        self, ordered: NDArray[np.floating], demand: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Sales missed at the margin, and what is left over at its loss: [series, origins]."""
        short = np.maximum(demand - ordered, 0)
        left = np.maximum(ordered - demand, 0)
        margin, lost = self.price - self.cost, self.cost - self.salvage
        return _per_series(margin) * short + _per_series(lost) * left


def _per_series(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return value[:, None] if value.ndim else value


def totals_of(
    mean: NDArray[np.floating], quantile: NDArray[np.floating], steps: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Expected demand of the first steps together, and how uncertain it is.

    Args:
        mean: float [..., horizon].
        quantile: float [..., horizon, levels].
        steps: number of steps.

    Returns:
        Two float64 [...]: the sum of the means, and the root of the summed squared distances of the
        outer quantiles, never below the root of the sum.
    """
    total = mean[..., :steps].sum(axis=-1, dtype=np.float64)
    width = quantile[..., :steps, -1] - quantile[..., :steps, 0]
    spread = np.sqrt((width.astype(np.float64) ** 2).sum(axis=-1))
    return total, np.maximum(spread, np.sqrt(np.maximum(total, 1e-9)))


@dataclass(frozen=True)
class OrderRule:
    """Orders as expected demand and a multiple of its uncertainty, which depends on its size.

    Args:
        bounds: float64 [classes - 1], expected demands between the classes.
        errors: of each class, errors on valid in units of the uncertainty, increasing, and the sum
            of their weights up to each.
    """

    bounds: NDArray[np.float64]
    errors: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]

    @classmethod
    def fitted(cls, forecasts: Forecasts, steps: int) -> "OrderRule":
        """From the errors of forecasts of valid.

        Each error counts by its uncertainty, which makes its quantile the order of least cost.

        Args:
            forecasts: of valid.
            steps: that orders cover.
        """
        demand = forecasts.actual[..., :steps].sum(axis=-1)
        total, spread = totals_of(forecasts.mean, forecasts.quantile, steps)
        known = ~np.isnan(demand)
        error, weight, size = ((demand - total) / spread)[known], spread[known], total[known]
        classes = CLASSES if len(error) >= CLASSES * FEWEST_FORECASTS else 1
        bounds = np.quantile(size, np.arange(1, classes) / classes) if classes > 1 else np.empty(0)
        number = np.searchsorted(bounds, size)
        errors = []
        for one in range(classes):
            mine = number == one
            order = np.argsort(error[mine], kind="stable")
            errors.append((error[mine][order], np.cumsum(weight[mine][order])))
        return cls(bounds, tuple(errors))

    def orders(
        self,
        total: NDArray[np.float64],
        spread: NDArray[np.float64],
        ratio: NDArray[np.float64],
        *,
        whole: bool,
    ) -> NDArray[np.float64]:
        """What to have in stock, of the shape of `total`.

        Args:
            total: expected demand.
            spread: its uncertainty, of `totals_of`.
            ratio: of `OrderTerms`, of a shape that is broadcast to that of `total`.
            whole: whether units cannot be divided.
        """
        number, ratio = np.searchsorted(self.bounds, total), np.broadcast_to(ratio, total.shape)
        factor = np.zeros(total.shape)
        for one, (error, weight) in enumerate(self.errors):
            mine = number == one
            if mine.any() and len(error):
                place = np.searchsorted(weight, ratio[mine] * weight[-1])
                factor[mine] = error[np.minimum(place, len(error) - 1)]
        ordered: NDArray[np.float64] = np.maximum(total + factor * spread, 0)
        if whole:
            ordered = np.round(ordered)
        return ordered


def usual_orders(
    data: SeriesData, part: str, steps: int, ratio: NDArray[np.float64], *, whole: bool
) -> NDArray[np.float64]:
    """Orders without a forecast: the mean of the last four seasons and a safety stock.

    Args:
        data: the split series.
        part: "valid" or "test".
        steps: that orders cover.
        ratio: of `OrderTerms`, one number or float64 [series].
        whole: whether units cannot be divided.

    Returns:
        float64 [series, origins].
    """
    count = 4 * data.frequency.season
    factor = np.array([NormalDist().inv_cdf(min(max(x, 1e-6), 1 - 1e-6)) for x in np.ravel(ratio)])
    found = []
    for start in data.starts(part):
        past = data.values[:, max(start - count, 0) : start]
        mean, deviation = np.nanmean(past, axis=1), np.nanstd(past, axis=1)
        found.append(np.nan_to_num(steps * mean + factor * np.sqrt(steps) * deviation))
    ordered: NDArray[np.float64] = np.maximum(np.stack(found, axis=1), 0)
    if whole:
        ordered = np.round(ordered)
    return ordered


@dataclass(frozen=True)
class OrderBacktest:
    """What orders would have cost on test.

    Args:
        ours: cost of each order, float64 [series, origins].
        theirs: of the orders without a forecast.
        resampled: what intervals are computed over, as of `Forecasts`.
        served: shares of the demand that were met, ours and theirs.
        left: units left over, ours and theirs.
    """

    ours: NDArray[np.float64]
    theirs: NDArray[np.float64]
    resampled: str
    served: tuple[float, float]
    left: tuple[float, float]

    @property
    def saving(self) -> Estimate:
        """Cost that is saved, as a share of theirs, with a 95 % bootstrap interval if possible."""
        mean = 1 - self.ours.sum() / max(self.theirs.sum(), 1e-12)
        if not self.resampled:
            return Estimate(mean)
        axis = 1 if self.resampled == "series" else 0
        ours, theirs = self.ours.sum(axis=axis), self.theirs.sum(axis=axis)
        rng, draws = np.random.default_rng(0), np.empty(RESAMPLES)
        for number in range(RESAMPLES):
            times = np.bincount(rng.integers(0, len(ours), len(ours)), minlength=len(ours))
            draws[number] = 1 - times @ ours / max(times @ theirs, 1e-12)
        return Estimate(mean, *np.quantile(draws, [0.025, 0.975]).tolist())


def backtest_orders(
    data: SeriesData, forecasts: Forecasts, rule: OrderRule, terms: OrderTerms, steps: int
) -> OrderBacktest:
    """Order from each origin of test by a rule, and by mean and safety stock.

    Args:
        data: the split series.
        forecasts: of test.
        rule: fitted on valid.
        terms: costs and prices.
        steps: that orders cover.
    """
    whole = data.outcome == "count"
    demand = forecasts.actual[..., :steps].sum(axis=-1).astype(np.float64)
    known = ~np.isnan(demand)
    total, spread = totals_of(forecasts.mean, forecasts.quantile, steps)
    systems = (
        rule.orders(total, spread, _per_series(terms.ratio), whole=whole),
        usual_orders(data, "test", steps, terms.ratio, whole=whole),
    )
    losses = [np.where(known, terms.loss(x, demand), 0) for x in systems]
    whole_demand = max(float(demand[known].sum()), 1e-12)
    served = [float(np.minimum(x, demand)[known].sum()) / whole_demand for x in systems]
    left = [float(np.maximum(x - demand, 0)[known].sum()) for x in systems]
    return OrderBacktest(
        losses[0], losses[1], forecasts.resampled, (served[0], served[1]), (left[0], left[1])
    )
