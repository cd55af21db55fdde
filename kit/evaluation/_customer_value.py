"""Predicted values of customers, and their metrics."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kit.data.purchases import PurchaseData, date_of
from kit.metrics import Estimate, Estimates

GINI, SPEARMAN, AUC = "normalised Gini", "Spearman", "AUC of buying"
TOTAL, DECILES, MAE, COVERAGE = "total", "decile error", "MAE", "coverage of 80 %"
VALUE_METRICS = (GINI, AUC, SPEARMAN, TOTAL, DECILES, MAE, COVERAGE)
"""Names of the metrics of values."""
GROUPS = 10
RESAMPLES = 500


@dataclass(frozen=True)
class ValuePredictions:
    """Values of customers as a system predicts them.

    Args:
        actual: what each paid in the horizon, float64 [customers].
        mean: the expected values, float64 [customers].
        low: lower ends of 80 % intervals; nan where a system gives none.
        high: their upper ends.
        buys: what ranks customers by whether they buy again, such as its probability.

    Example:

    >>> actual = np.array([0.0, 10, 20, 0, 5, 0, 0, 40, 0, 8])
    >>> ValuePredictions(actual, 1.5 * actual, actual, actual, actual).summary()["total"]
    1.5
    """

    actual: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    buys: NDArray[np.float64]

    @cached_property
    def _orders(self) -> tuple[NDArray[np.int64], ...]:
        """By predicted value, by actual value, and by the chance to buy, the largest first."""
        return tuple(
            np.argsort(-values, kind="stable") for values in (self.mean, self.actual, self.buys)
        )

    @cached_property
    def _ranks(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return _ranks(self.actual), _ranks(self.mean)

    def _metrics(self, times: NDArray[np.float64]) -> list[float]:
        """Every metric, with each customer counted so many times."""
        by_mean, by_actual, by_buys = self._orders
        paid, count = times * self.actual, times.sum()
        total = paid.sum()
        ideal = _gini(times[by_actual], paid[by_actual])
        covered = (self.actual >= self.low) & (self.actual <= self.high)
        has_interval = not np.isnan(self.low).any()
        return [
            _gini(times[by_mean], paid[by_mean]) / ideal if ideal > 0 else np.nan,
            _auc(times[by_buys], self.actual[by_buys] > 0, self.buys[by_buys]),
            _correlation(*self._ranks, times),
            float(times @ self.mean / total) if total > 0 else np.nan,
            _decile_error(times[by_mean], self.mean[by_mean], self.actual[by_mean]),
            float(times @ np.abs(self.mean - self.actual) / count),
            float(times @ covered / count) if has_interval else np.nan,
        ]

    def summary(self) -> dict[str, float]:
        """Every metric."""
        return dict(zip(VALUE_METRICS, self._metrics(np.ones(len(self.actual))), strict=True))

    @cached_property
    def _resamples(self) -> NDArray[np.float64]:
        rng, count = np.random.default_rng(0), len(self.actual)
        return np.array(
            [
                self._metrics(
                    np.bincount(rng.integers(0, count, count), minlength=count).astype(float)
                )
                for _ in range(RESAMPLES)
            ]
        )

    def estimates(self) -> Estimates:
        """Every metric with its 95 % interval, by bootstrap over customers."""
        return _estimates(self.summary(), self._resamples)

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % intervals."""
        known = self.estimates().items()
        return {name: (x.low, x.high) for name, x in known if not np.isnan(x.low)}

    def minus(self, other: "ValuePredictions") -> Estimates:
        """Differences to another system's predictions of the same customers, paired."""
        mine, theirs = self.summary(), other.summary()
        gap = {name: mine[name] - theirs[name] for name in mine}
        return _estimates(gap, self._resamples - other._resamples)

    def deciles(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean predicted and actual value of each tenth by predicted value, the largest first."""
        parts = np.array_split(self._orders[0], GROUPS)
        predicted = np.array([self.mean[part].mean() for part in parts])
        return predicted, np.array([self.actual[part].mean() for part in parts])

    def buying(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean probability and share of buyers of each tenth by probability, the largest first."""
        parts = np.array_split(self._orders[2], GROUPS)
        predicted = np.array([self.buys[part].mean() for part in parts])
        return predicted, np.array([(self.actual[part] > 0).mean() for part in parts])


def _estimates(means: Mapping[str, float], resamples: NDArray[np.float64]) -> Estimates:
    low, high = np.quantile(resamples, [0.025, 0.975], axis=0)
    return {
        name: Estimate(mean, *ends)
        for (name, mean), *ends in zip(means.items(), low.tolist(), high.tolist(), strict=True)
    }


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks, of equal values their mean."""
    _, code, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[code]


def _gini(times: NDArray[np.float64], paid: NDArray[np.float64]) -> float:
    """Area between the curve of cumulative revenue and the diagonal."""
    total, count = paid.sum(), times.sum()
    if total <= 0:
        return np.nan
    after = np.cumsum(paid)
    return float((times @ (after - paid / 2)) / (total * count) - 0.5)


def _auc(times: NDArray[np.float64], buys: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Area under the ROC curve of customers in the order of their score; ties count half."""
    buyers, others = times * buys, times * ~buys
    if not buyers.sum() or not others.sum():
        return np.nan
    ties = np.flatnonzero(np.r_[True, np.diff(score) != 0])
    buyers, others = np.add.reduceat(buyers, ties), np.add.reduceat(others, ties)
    after = others.sum() - np.cumsum(others)
    return float(buyers @ (after + others / 2) / (buyers.sum() * others.sum()))


def _correlation(
    first: NDArray[np.float64], second: NDArray[np.float64], times: NDArray[np.float64]
) -> float:
    """Correlation of ranks; those of a resample are those of the whole."""
    a, b = (x - times @ x / times.sum() for x in (first, second))
    by = np.sqrt((times @ a**2) * (times @ b**2))
    return float(times @ (a * b) / by) if by > 0 else np.nan


def _decile_error(
    times: NDArray[np.float64], mean: NDArray[np.float64], actual: NDArray[np.float64]
) -> float:
    """Mean relative error of the totals of tenths by predicted value.

    A tenth that pays nothing is left out.
    """
    place = np.cumsum(times) - times / 2
    group = np.minimum((GROUPS * place / times.sum()).astype(int), GROUPS - 1)
    predicted = np.bincount(group, times * mean, GROUPS)
    paid = np.bincount(group, times * actual, GROUPS)
    some = paid > 0
    return float((np.abs(predicted - paid)[some] / paid[some]).mean()) if some.any() else np.nan


def value_protocol(data: PurchaseData, part: str, found: ValuePredictions) -> str:
    """The protocol of a part, in one line."""
    cut = data.test if part == "test" else data.valid
    return (
        f"{part}, {len(found.actual):,} customers known on {date_of(cut)}, value of the next "
        f"{data.horizon} days ({(found.actual > 0).mean():.1%} buy, "
        f"{found.actual.sum():,.0f} in total); {data.split}; 95 % by bootstrap over customers"
    )
