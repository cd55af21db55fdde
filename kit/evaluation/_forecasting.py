"""Forecasts of many series from several origins, and their metrics."""

from collections.abc import Callable, Mapping, Sequence
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
# A phase is closed if that few of its values in train are above 0, of so many cycles.
CLOSED, FEWEST_CYCLES = 0.002, 8


@dataclass(frozen=True)
class Scales:
    """What errors are divided by; nan where it would be 0, or is not known.

    Args:
        squared: mean squared error of the last value as a forecast of the next one, before each
            origin, float64 [series, origins].
        absolute: mean absolute error of the seasonal naive forecast, before each origin.
        variance: of the values of train, float64 [series].
    """

    squared: NDArray[np.float64]
    absolute: NDArray[np.float64]
    variance: NDArray[np.float64]

    @classmethod
    def of(cls, data: SeriesData, part: str) -> "Scales":
        """Of the forecasts of a part."""
        starts, season = data.starts(part), data.frequency.season
        return cls(
            squared=_mean_before(starts, data.values, 1, np.square),
            absolute=_mean_before(starts, data.values, season, np.abs),
            variance=variances(data),
        )


def variances(data: SeriesData) -> NDArray[np.float64]:
    """Of the values of each series in train, float64 [series]; nan where that is 0."""
    train = data.values[:, : data.train_end]
    found = nan_mean((train - nan_mean(train)[:, None]) ** 2)
    return np.where(found > 0, found, np.nan)


def nan_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of rows over what is not NaN; NaN where there is nothing."""
    count = (~np.isnan(values)).sum(axis=1)
    total = np.nansum(values, axis=1)
    means: NDArray[np.float64] = total / np.where(count > 0, count, np.nan)
    return means


def open_phases(data: SeriesData) -> NDArray[np.bool_]:
    """False for phases in which, of values from 0, next to none is above 0: bool [cycle].

    A shop is closed on Sundays, a machine at night.
    """
    cycle = data.frequency.cycle
    found = np.ones(cycle, bool)
    if data.outcome == "real" or data.train_end < FEWEST_CYCLES * cycle or cycle == 1:
        return found
    train = data.values[:, : data.train_end]
    phases = (data.first + np.arange(data.train_end)) % cycle
    for phase in range(cycle):
        found[phase] = (np.nan_to_num(train[:, phases == phase]) > 0).mean() >= CLOSED
    return found if found.any() else ~found


def point_metric(data: SeriesData) -> str:
    """The metric of expected values that settings are chosen by: MSE, of values from 0 RMSSE.

    A few giant values of a long tail would decide by MSE.
    """
    return MSE if data.outcome == "real" else RMSSE


def _mean_before(
    starts: NDArray[np.int64],
    values: NDArray[np.float64],
    lag: int,
    size: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Mean size of the differences to the value `lag` steps before, up to each start."""
    found = size(values[:, lag:] - values[:, :-lag])
    last = starts - lag - 1
    total = np.cumsum(np.nan_to_num(found), axis=1)[:, last]
    count = np.cumsum(~np.isnan(found), axis=1)[:, last]
    return np.where(total > 0, total / np.maximum(count, 1), np.nan)


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
    >>> scales = Scales(np.ones((1, 1)), np.ones((1, 1)), np.ones(1))
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
        """Forecasts without a scaled error: constant before, or nothing is known after."""
        return int(self._sums[1][:, :, 0].size - self._sums[1][:, :, 0].sum())

    @property
    def resampled(self) -> str:
        """What intervals are computed over: "series", "origins", or "" if there are none."""
        if len(self.actual) >= FEWEST_SERIES:
            return "series"
        return "origins" if not self.overlap and self.actual.shape[1] >= FEWEST_SERIES else ""

    @cached_property
    def _sums(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of each forecast, what is divided and by what: two [series, origins, metrics]."""
        known = ~np.isnan(self.actual)
        steps = known.sum(axis=-1).astype(np.float64)
        actual = np.where(known, self.actual, 0).astype(np.float64)
        error = np.where(known, self.mean - actual, 0)
        squared = (error**2).sum(axis=-1) / np.maximum(steps, 1)
        absolute = np.abs(error).sum(axis=-1) / np.maximum(steps, 1)
        variance = self.scales.variance[:, None]
        scaled = [
            np.sqrt(squared / self.scales.squared),
            absolute / self.scales.absolute,
            squared / variance,
            absolute / np.sqrt(variance),
        ]
        is_scaled = [np.where(steps > 0, ~np.isnan(one), 0.0) for one in scaled]
        rmsse, mase, mse, mae = (
            np.where(one > 0, values, 0) for one, values in zip(is_scaled, scaled, strict=True)
        )
        pinball = np.where(known, self._pinball(), 0).sum(axis=-1)
        covered = np.where(known, self._covered(), 0).sum(axis=-1)
        divided = [rmsse, mase, pinball, covered, error.sum(axis=-1), mse, mae]
        size = np.abs(actual).sum(axis=-1)
        by = [*is_scaled[:2], size, steps, actual.sum(axis=-1), *is_scaled[2:]]
        return np.stack(divided, axis=-1), np.stack(by, axis=-1)

    def _pinball(self) -> NDArray[np.floating]:
        """Twice the pinball loss, mean over the levels: [series, origins, horizon]."""
        loss = np.zeros(self.actual.shape)
        for place, level in enumerate(LEVELS):
            below = self.actual - self.quantile[..., place]
            loss += np.maximum(level * below, (level - 1) * below)
        return 2 * loss / len(LEVELS)

    def _covered(self) -> NDArray[np.floating]:
        low, high = self.quantile[..., 0], self.quantile[..., -1]
        inside = (self.actual >= low) & (self.actual <= high)
        return np.where(np.isnan(low), np.nan, inside)

    def summary(self) -> dict[str, float]:
        """Every metric."""
        divided, by = (part.sum(axis=(0, 1)) for part in self._sums)
        return dict(zip(FORECAST_METRICS, _ratios(divided, by).tolist(), strict=True))

    def by_horizon(self) -> dict[str, NDArray[np.float64]]:
        """RMSSE (of all series together), WQL and coverage of each step, float64 [horizon]."""
        known = ~np.isnan(self.actual)
        scaled = (self.mean - self.actual) ** 2 / self.scales.squared[..., None]
        count = known.sum(axis=(0, 1))
        size = np.abs(np.where(known, self.actual, 0)).sum(axis=(0, 1), dtype=np.float64)
        pinball = np.where(known, self._pinball(), 0).sum(axis=(0, 1))
        covered = np.where(known, self._covered(), 0).sum(axis=(0, 1))
        measured = (~np.isnan(scaled)).sum(axis=(0, 1))
        squared = np.nansum(scaled, axis=(0, 1), dtype=np.float64)
        return {
            RMSSE: np.sqrt(squared / np.maximum(measured, 1)),
            WQL: pinball / np.where(size > 0, size, np.nan),
            COVERAGE: covered / np.maximum(count, 1),
        }

    def of_series(self) -> NDArray[np.float64]:
        """The RMSSE of each series; nan where there is no scale."""
        divided, by = (part[:, :, 0].sum(axis=1) for part in self._sums)
        found: NDArray[np.float64] = divided / np.where(by > 0, by, np.nan)
        return found

    def only(self, series: NDArray[np.bool_]) -> "Forecasts":
        """Of some of the series."""
        scales = Scales(
            self.scales.squared[series], self.scales.absolute[series], self.scales.variance[series]
        )
        parts = (self.actual[series], self.mean[series], self.quantile[series])
        return Forecasts(*parts, scales, self.overlap)

    @cached_property
    def _resamples(self) -> NDArray[np.float64]:
        """Metrics of bootstrap resamples, float64 [resamples, metrics]."""
        axis = {"series": 0, "origins": 1}[self.resampled]
        divided, by = (part.sum(axis=1 - axis) for part in self._sums)
        count, rng = len(divided), np.random.default_rng(0)
        found = np.empty((RESAMPLES, len(FORECAST_METRICS)))
        for row in found:
            times = np.bincount(rng.integers(0, count, count), minlength=count)
            row[:] = _ratios(times @ divided, times @ by)
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


def _ratios(divided: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    by = np.abs(by)
    ratios: NDArray[np.float64] = divided / np.where(by > 0, by, np.nan)
    return ratios


def forecast_protocol(data: SeriesData, part: str, forecasts: Forecasts) -> str:
    """The protocol of a part, in one line."""
    frequency, left_out = data.frequency, forecasts.left_out
    windows = len(data.series) * data.origins
    excluded = f"; {left_out:,} without a scale left out of scaled errors" if left_out else ""
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
