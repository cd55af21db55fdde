"""Baselines of forecasts: naive, means, empirical quantiles, TSB, zero."""

import numpy as np
from numpy.typing import NDArray

from kit.data.series import SeriesData
from kit.evaluation._forecasting import LEVELS, Forecasts, Scales, open_phases
from kit.progress import stage

# Cycles of the past that means and empirical quantiles are taken over.
MEAN_OF, SAME_PHASE = 4, 8
SMOOTHING = 0.1
# Series are intermittent if so many values are 0.
INTERMITTENT = 0.3
Pair = tuple[NDArray[np.float32], NDArray[np.float32]]


@stage("baselines")
def forecast_baselines(data: SeriesData, part: str = "test") -> dict[str, Forecasts]:
    """Forecasts of the baselines that fit the data.

    Seasonal naive for each season, the mean of four seasons with their empirical quantiles, and the
    mean and quantiles of the same phase in eight cycles; of values from 0 with many zeros also TSB,
    and of counts zero.

    Args:
        data: the split series.
        part: "valid" or "test".

    Source: Teunter, Syntetos and Babai (2011), Intermittent demand: linking forecasting to
    inventory obsolescence (TSB).
    """
    actual, scales = data.actual(part).astype(np.float32), Scales.of(data, part)
    overlap = data.stride < data.horizon
    filled = _filled(data)
    found = {
        f"seasonal naive {season}": _seasonal_naive(data, part, filled, season)
        for season in data.frequency.seasons
        if season < data.train_end
    }
    season, cycle = data.frequency.season, data.frequency.seasons[-1]
    found[f"mean of {MEAN_OF * season}"] = _recent(data, part, filled, 1, MEAN_OF * season)
    if SAME_PHASE * cycle <= data.train_end:
        name = "same weekday" if data.frequency.name == "day" else f"same of {cycle}"
        found[f"{name}, {SAME_PHASE} cycles"] = _recent(data, part, filled, cycle, SAME_PHASE)
    train = data.values[:, : data.train_end]
    zeros = float((train == 0).sum() / max(1, (~np.isnan(train)).sum()))
    if data.outcome != "real" and zeros >= INTERMITTENT:
        found["TSB"] = _tsb(data, part)
        if data.outcome == "count":
            nothing = np.zeros_like(actual)
            found["zero"] = nothing, _no_quantiles(nothing)
    return {name: Forecasts(actual, *pair, scales, overlap) for name, pair in found.items()}


def seasonal_naive(data: SeriesData, part: str) -> Forecasts:
    """The value one season before, with the quantiles of its errors in train."""
    pair = _seasonal_naive(data, part, _filled(data), data.frequency.season)
    actual = data.actual(part).astype(np.float32)
    return Forecasts(actual, *pair, Scales.of(data, part), data.stride < data.horizon)


def _filled(data: SeriesData) -> NDArray[np.float64]:
    """Missing values replaced by those one season before, else by the mean before valid, else 0."""
    values, season = data.values.copy(), data.frequency.season
    for step in range(season, data.steps):
        gap = np.isnan(values[:, step])
        values[gap, step] = values[gap, step - season]
    train = values[:, : data.train_end]
    count = (~np.isnan(train)).sum(axis=1)
    means = np.nansum(train, axis=1) / np.maximum(count, 1)
    return np.where(np.isnan(values), means[:, None], values)


def _past(data: SeriesData, part: str, season: int) -> NDArray[np.int64]:
    """The latest step before each origin that is in the phase of each forecast step: [o, h]."""
    ahead = np.arange(data.horizon)
    return data.starts(part)[:, None] + ahead % season - season


def _seasonal_naive(data: SeriesData, part: str, filled: NDArray[np.float64], season: int) -> Pair:
    mean = filled[:, _past(data, part, season)]
    train = filled[:, : data.train_end]
    errors = np.quantile(train[:, season:] - train[:, :-season], LEVELS, axis=1).T
    quantile = mean[..., None] + errors[:, None, None, :]
    if data.outcome != "real":
        quantile = np.maximum(quantile, 0)
    return mean.astype(np.float32), quantile.astype(np.float32)


def _recent(
    data: SeriesData, part: str, filled: NDArray[np.float64], cycle: int, count: int
) -> Pair:
    """Mean and quantiles of the last values, one a cycle."""
    steps = _past(data, part, cycle)
    mean = np.zeros((len(filled), *steps.shape), np.float32)
    quantile = np.zeros((*mean.shape, len(LEVELS)), np.float32)
    shared = cycle == 1  # All steps of the horizon have one past.
    for origin, row in enumerate(steps[:, :1] if shared else steps):
        past = row - cycle * np.arange(count)[:, None]
        values = filled[:, np.maximum(past, 0)]
        mean[:, origin] = values.mean(axis=1)
        quantile[:, origin] = np.moveaxis(np.quantile(values, LEVELS, axis=1), 0, -1)
    return mean, quantile


def _tsb(data: SeriesData, part: str) -> Pair:
    """Smoothed probability of demand times smoothed size; zero where everything is closed."""
    phases = (data.first + np.arange(data.steps)) % data.frequency.cycle
    closed, count = ~open_phases(data), len(data.series)
    probability, size = np.full(count, np.nan), np.full(count, np.nan)
    rates = np.zeros((count, data.steps + 1))
    for step in range(data.steps):
        rates[:, step] = np.nan_to_num(probability * size)
        if closed[phases[step]]:
            continue
        value = data.values[:, step]
        sold, known = value > 0, ~np.isnan(value)
        new = known & np.isnan(probability)
        probability = np.where(known, probability + SMOOTHING * (sold - probability), probability)
        probability = np.where(new, sold.astype(float), probability)
        first = sold & np.isnan(size)
        size = np.where(sold, size + SMOOTHING * (value - size), size)
        size = np.where(first, value, size)
    starts = data.starts(part)
    steps = starts[:, None] + np.arange(data.horizon)
    is_open = ~closed[(data.first + steps) % data.frequency.cycle]
    mean = (rates[:, starts][:, :, None] * is_open).astype(np.float32)
    return mean, _no_quantiles(mean)


def _no_quantiles(mean: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.full((*mean.shape, len(LEVELS)), np.nan, np.float32)
