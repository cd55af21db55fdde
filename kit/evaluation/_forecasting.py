"""Forecasts of many series from several origins, and their metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kit.data.series import SeriesData
from kit.metrics import Estimate, Estimates

LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Levels of the quantiles that are forecast."""
RMSSE, MASE, WQL, COVERAGE, BIAS = "RMSSE", "MASE", "WQL", "coverage of 80 %", "bias"
MSE, MAE = "MSE", "MAE"
FORECAST_METRICS = (RMSSE, MASE, WQL, COVERAGE, BIAS, MSE, MAE)
"""Names of the metrics of forecasts."""
# With fewer series the origins are resampled, if their forecasts do not overlap.
FEWEST_SERIES = 8
RESAMPLES = 1000
# What is summed over the steps of one forecast.
SUMS = ("absolute", "squared", "pinball", "size", "actual", "forecast", "steps", "covered")


@dataclass(frozen=True)
class Scales:
    """What errors of each series are divided by, from its train part; nan where that is constant.

    Args:
        absolute: mean absolute error of the seasonal naive forecast, float64 [series].
        squared: its mean squared error.
        variance: of the values.
    """

    absolute: NDArray[np.float64]
    squared: NDArray[np.float64]
    variance: NDArray[np.float64]

    @classmethod
    def of(cls, data: SeriesData) -> "Scales":
        """Of the train part of the data."""
        train, season = data.values[:, : data.train_end], data.frequency.season
        steps = train[:, season:] - train[:, :-season]
        return cls(
            absolute=_positive(np.abs(steps)),
            squared=_positive(steps**2),
            variance=_positive((train - nan_mean(train)[:, None]) ** 2),
        )


def nan_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of rows over what is not NaN; NaN where there is nothing."""
    count = (~np.isnan(values)).sum(axis=1)
    total = np.nansum(values, axis=1)
    means: NDArray[np.float64] = total / np.where(count > 0, count, np.nan)
    return means


def _positive(values: NDArray[np.float64]) -> NDArray[np.float64]:
    means = nan_mean(values)
    return np.where(means > 0, means, np.nan)


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of a system.

    Args:
        actual: what happened, float [series, origins, horizon]; NaN where that is not known.
        mean: the expected values, of the same shape.
        quantile: float [series, origins, horizon, levels]; NaN where a system gives none.
        scales: what errors are divided by.
        overlap: whether forecasts from one origin reach beyond the next.

    Example:

    >>> actual = np.array([[[1.0, 3.0]]])
    >>> quantile = np.repeat(actual[..., None], 5, axis=-1)
    >>> scales = Scales(*np.ones((3, 1)))
    >>> Forecasts(actual, actual + 1, quantile, scales).summary()["RMSSE"]
    1.0
    """

    actual: NDArray[np.floating]
    mean: NDArray[np.floating]
    quantile: NDArray[np.floating]
    scales: Scales
    overlap: bool = False

    @property
    def left_out(self) -> int:
        """Series that no scale exists for: they were constant in train, or have no actual value."""
        return int((~self._is_measured).sum())

    @property
    def resampled(self) -> str:
        """What intervals are computed over: "series", "origins", or "" if there are none."""
        if int(self._is_measured.sum()) >= FEWEST_SERIES:
            return "series"
        return "origins" if not self.overlap and self.actual.shape[1] >= FEWEST_SERIES else ""

    @cached_property
    def _is_measured(self) -> NDArray[np.bool_]:
        known = ~np.isnan(self.actual).all(axis=(1, 2))
        found: NDArray[np.bool_] = known & ~np.isnan(self.scales.squared + self.scales.variance)
        return found

    @cached_property
    def sums(self) -> NDArray[np.float64]:
        """Sums over the steps of each forecast, float64 [series, origins, `SUMS`]."""
        return np.stack([self._sum(self.terms(name)) for name in SUMS], axis=-1)

    def terms(self, name: str) -> NDArray[np.floating]:
        """What is summed, of each step: float [series, origins, horizon]."""
        known = ~np.isnan(self.actual)
        actual, error = np.where(known, self.actual, 0), np.where(known, self.mean - self.actual, 0)
        if name == "pinball":
            below = self.actual[..., None] - self.quantile
            loss = np.maximum(np.array(LEVELS) * below, (np.array(LEVELS) - 1) * below).mean(-1)
            return np.where(known, 2 * loss, 0)
        if name == "covered":
            low, high = self.quantile[..., 0], self.quantile[..., -1]
            inside = np.where(np.isnan(low), np.nan, (self.actual >= low) & (self.actual <= high))
            return np.where(known, inside, 0)
        found: NDArray[np.floating] = {
            "steps": known,
            "absolute": np.abs(error),
            "squared": error**2,
            "size": np.abs(actual),
            "actual": actual,
            "forecast": np.where(known, self.mean, 0),
        }[name]
        return found

    def _sum(self, terms: NDArray[np.floating]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = terms.sum(axis=-1, dtype=np.float64)
        return found

    def summary(self) -> dict[str, float]:
        """Every metric."""
        values = self._metrics(self.sums.sum(axis=1), np.arange(len(self.sums)))
        return dict(zip(FORECAST_METRICS, values.tolist(), strict=True))

    def by_horizon(self) -> dict[str, NDArray[np.float64]]:
        """Metrics of each step of the horizon, float64 [horizon]."""
        terms = np.stack([self.terms(name) for name in SUMS], axis=-1).sum(axis=1, dtype=np.float64)
        rows = np.arange(len(terms))
        values = [self._metrics(terms[:, step], rows) for step in range(terms.shape[1])]
        return dict(zip(FORECAST_METRICS, np.stack(values, axis=1), strict=True))

    def of_series(self) -> NDArray[np.float64]:
        """The RMSSE of each series; nan where it is left out."""
        sums = self.sums.sum(axis=1)
        rmsse = np.sqrt(sums[:, SUMS.index("squared")] / sums[:, SUMS.index("steps")])
        found: NDArray[np.float64] = np.where(
            self._is_measured, rmsse / np.sqrt(self.scales.squared), np.nan
        )
        return found

    def only(self, series: NDArray[np.bool_]) -> "Forecasts":
        """Of some of the series."""
        scales = Scales(*(values[series] for values in vars(self.scales).values()))
        parts = (self.actual[series], self.mean[series], self.quantile[series])
        return Forecasts(*parts, scales, self.overlap)

    def _metrics(
        self, sums: NDArray[np.float64], series: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """All metrics from sums [series, SUMS] of the series with these numbers."""
        by = dict(zip(SUMS, sums.T, strict=True))
        measured = self._is_measured[series] & (by["steps"] > 0)
        scales = [values[series] for values in vars(self.scales).values()]
        absolute, squared, variance = scales
        if not measured.any():
            return np.full(len(FORECAST_METRICS), np.nan)
        steps = by["steps"][measured]
        mean_absolute = by["absolute"][measured] / steps
        mean_squared = by["squared"][measured] / steps
        size, total = by["size"].sum(), by["actual"].sum()
        return np.array(
            [
                np.sqrt(mean_squared / squared[measured]).mean(),
                (mean_absolute / absolute[measured]).mean(),
                by["pinball"].sum() / size if size else np.nan,
                by["covered"].sum() / by["steps"].sum(),
                (by["forecast"].sum() - total) / abs(total) if total else np.nan,
                (mean_squared / variance[measured]).mean(),
                (mean_absolute / np.sqrt(variance[measured])).mean(),
            ]
        )

    @cached_property
    def _resamples(self) -> NDArray[np.float64]:
        """Metrics of bootstrap resamples, float64 [resamples, metrics]."""
        rng = np.random.default_rng(0)
        axis = {"series": 0, "origins": 1}[self.resampled]
        count = self.sums.shape[axis]
        whole = self.sums.sum(axis=1)
        found = np.empty((RESAMPLES, len(FORECAST_METRICS)))
        for row in found:
            chosen = rng.integers(0, count, size=count)
            if axis == 0:
                row[:] = self._metrics(whole[chosen], chosen)
            else:
                row[:] = self._metrics(self.sums[:, chosen].sum(axis=1), np.arange(len(whole)))
        return found

    def estimates(self) -> Estimates:
        """Every metric with its interval."""
        return self._estimates(self.summary(), self._resamples if self.resampled else None)

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % bootstrap intervals over series, or over origins if there are few series."""
        known = self.estimates().items()
        return {name: (x.low, x.high) for name, x in known if not np.isnan(x.low)}

    def minus(self, other: "Forecasts") -> Estimates:
        """Differences to another system's forecasts of the same series, from paired resamples."""
        mine, theirs = self.summary(), other.summary()
        gap = {name: mine[name] - theirs[name] for name in mine}
        return self._estimates(gap, self._resamples - other._resamples if self.resampled else None)

    def _estimates(
        self, means: Mapping[str, float], resamples: NDArray[np.float64] | None
    ) -> Estimates:
        if resamples is None:
            return {name: Estimate(mean) for name, mean in means.items()}
        low, high = np.quantile(resamples, [0.025, 0.975], axis=0)
        return {
            name: Estimate(mean, *ends)
            for (name, mean), *ends in zip(means.items(), low.tolist(), high.tolist(), strict=True)
        }


def forecast_protocol(data: SeriesData, part: str, forecasts: Forecasts) -> str:
    """The protocol of a part, in one line."""
    frequency, left_out = data.frequency, forecasts.left_out
    windows = len(data.series) * data.origins
    excluded = (
        f"; {left_out:,} series without a scale left out of scaled errors" if left_out else ""
    )
    over = forecasts.resampled
    return (
        f"{part}, {len(data.series):,} series, {data.horizon} {frequency.name}s ahead from "
        f"{data.origins:,} origins ({windows:,} forecasts); {data.split}{excluded}; "
        + (f"95 % by bootstrap over {over}" if over else "no intervals: too few series and origins")
    )


def series_classes(data: SeriesData) -> Sequence[tuple[str, NDArray[np.bool_]]]:
    """Classes of series by the mean size of their values in train: name and mask of each."""
    size = nan_mean(np.abs(data.values[:, : data.train_end]))
    if len(size) < 3 * FEWEST_SERIES:
        return []
    low, high = np.quantile(size, [1 / 3, 2 / 3])
    return [
        ("small third", size <= low),
        ("middle third", (size > low) & (size <= high)),
        ("large third", size > high),
    ]
