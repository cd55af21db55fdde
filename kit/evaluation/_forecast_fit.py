"""Fit a `Forecaster` in closed form: ridge regression, quantile offsets, calibration."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.data.series import SeriesData
from kit.errors import UserError
from kit.evaluation._forecast_usual import set_usual
from kit.evaluation._forecasting import (
    Forecasts,
    Scales,
    open_phases,
    point_metric,
    variances,
)
from kit.evaluation._normal_equations import NormalEquations
from kit.models import CENTRES, Forecaster, NetworkForecaster
from kit.progress import stage

PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""L2 penalties to choose from, as shares of the mean square of the regressors."""
WINDOWS_AT_ONCE = 4096
# Windows that settings are chosen on, that the chosen one is fitted on, and of valid.
FEW_WINDOWS, MOST_WINDOWS, MOST_VALID_WINDOWS = 20_000, 400_000, 40_000
# Phases are many weights: what they gain on valid has to be more than chance.
GAIN_OF_PHASES = 0.01
# Steps of the horizon that share quantile offsets, and the fewest residuals of an offset.
BLOCKS, FEWEST_RESIDUALS = 4, 200
CORRECTIONS = (0.0, 0.25, 0.5, 0.75, 1.0)
Windows = tuple[NDArray[np.int64], NDArray[np.int64]]


def windows_of(data: SeriesData, part: str, lookback: int, most: int) -> Windows:
    """Codes of series and origins of the forecasts of a part: two int64 [windows].

    Those of train need `lookback` steps before them; of more than `most` a random sample is taken.
    """
    if part == "train":
        origins = np.arange(min(lookback, data.train_end), data.train_end - data.horizon + 1)
    else:
        origins = data.starts(part)
    count = len(data.series) * len(origins)
    chosen = np.arange(count)
    if count > most:
        chosen = np.sort(np.random.default_rng(0).choice(count, most, replace=False))
    return chosen // max(len(origins), 1), origins[chosen % max(len(origins), 1)]


def phases_of(data: SeriesData, origins: NDArray[np.integer]) -> NDArray[np.int64]:
    """Phases of the first forecast steps, int64, of origins counted from 0."""
    return np.asarray((data.first + origins) % data.frequency.cycle, np.int64)


def inputs_of(data: SeriesData, windows: Windows, lookback: int) -> dict[str, NDArray[Any]]:
    """The inputs of a `Forecaster` for windows."""
    rows, origins = windows
    steps = origins[:, None] + np.arange(-lookback, 0)
    history = np.where(steps >= 0, data.values[rows[:, None], np.maximum(steps, 0)], np.nan)
    return {
        "history": history.astype(np.float32),
        "series": 1 + rows,
        "phase": phases_of(data, origins),
        **known_of(data, windows),
    }


def known_of(data: SeriesData, windows: Windows) -> dict[str, NDArray[np.float32]]:
    """The covariates of the horizon and the static features of windows, if there are any."""
    rows, origins = windows
    steps = origins[:, None] + np.arange(data.horizon)
    found = {}
    if data.known:
        found["known"] = np.stack([one.values[rows[:, None], steps] for one in data.known], -1)
    if data.static:
        found["static"] = np.stack([one.values[rows] for one in data.static], axis=-1)
    return found


def targets_of(data: SeriesData, windows: Windows) -> NDArray[np.float64]:
    """What happened in windows, float64 [windows, horizon]."""
    rows, origins = windows
    found: NDArray[np.float64] = data.values[
        rows[:, None], origins[:, None] + np.arange(data.horizon)
    ]
    return found


def _batches(windows: Windows) -> Iterator[Windows]:
    for begin in range(0, len(windows[0]), WINDOWS_AT_ONCE):
        yield (
            windows[0][begin : begin + WINDOWS_AT_ONCE],
            windows[1][begin : begin + WINDOWS_AT_ONCE],
        )


def predicted(model: Forecaster, data: SeriesData, windows: Windows) -> NDArray[np.float32]:
    """Expected values and quantiles of windows, float32 [windows, horizon, 1 + levels]."""
    answers = [
        np.asarray(model(inputs_of(data, batch, model.lookback), training=False))
        for batch in _batches(windows)
    ]
    return np.concatenate(answers)


@stage("predict")
def forecasts_of(model: Forecaster, data: SeriesData, part: str) -> Forecasts:
    """Forecasts of a model on "valid" or "test"."""
    answer = predicted(model, data, windows_of(data, part, 0, 1 << 62))
    answer = answer.reshape(len(data.series), data.origins, data.horizon, -1)
    actual = data.actual(part).astype(np.float32)
    overlap = data.stride < data.horizon
    return Forecasts(actual, answer[..., 0], answer[..., 1:], Scales.of(data, part), overlap)


def normal_equations(
    model: Forecaster, data: SeriesData, windows: Windows, lookback: int
) -> NormalEquations:
    """Of the shifted values, the phases and the covariates of windows.

    In standard deviations of their series, or of values from 0 in those of the window.
    """
    deviation = np.sqrt(variances(data))
    data = _with_closed_filled(data)
    size, targets_count = lookback + model.cycle, data.horizon
    width = int(model.known_weight.shape[0]) if model.known else 0
    found = NormalEquations(
        np.zeros((size, size)),
        np.zeros((size, targets_count)),
        0.0,
        0,
        np.zeros((size, targets_count, width)),
        np.zeros((width, width)),
        np.zeros(width),
    )
    square, count = 0.0, 0
    for batch in _batches(windows):
        targets = targets_of(data, batch)
        usable = ~np.isnan(targets).any(axis=1) & ~np.isnan(deviation[batch[0]])
        batch = batch[0][usable], batch[1][usable]
        if not len(batch[0]):
            continue
        inputs = inputs_of(data, batch, model.lookback)
        shifted, level, scale = (np.asarray(x, np.float64) for x in model.normalise(inputs))
        # Values from 0 have long tails: by the deviation of its series one giant window would
        # outweigh all others, and forecasts would come out too small.
        unit = scale if model.nonnegative else deviation[batch[0]][:, None]
        phases = np.zeros((len(unit), model.cycle))
        phases[np.arange(len(unit)), inputs["phase"]] = (scale / unit)[:, 0]
        regressors = np.concatenate([shifted[:, model.lookback - lookback :] / unit, phases], 1)
        expected = (targets[usable] - level) / unit
        found.gram[:] += regressors.T @ regressors
        found.cross[:] += regressors.T @ expected
        square += float((expected**2).sum())
        count += expected.size
        if width:
            known = np.asarray(model.known_features(inputs), np.float64)
            known *= (scale / unit)[:, :, None]
            found.known_cross[:] += np.tensordot(regressors.T, known, 1)
            flat = known.reshape(-1, width)
            found.known_gram[:] += flat.T @ flat
            found.known_target[:] += flat.T @ expected.ravel()
    return replace(found, square=square, count=count)


@stage("fit")
def fit_ridge(model: Forecaster, data: SeriesData) -> dict[str, Any]:
    """Fit the linear forecast; look-back, level, phases, covariates and penalty by valid.

    Args:
        model: its linear forecast and the offsets of its quantiles are set.
        data: the split series.

    Returns:
        The settings that were chosen.

    Raises:
        UserError: no window of train is complete.

    Source: Toner and Darlow (2024), An analysis of linear time series forecasting models.
    """
    set_usual(model, data)
    lookbacks = [n for n in data.frequency.lookbacks if n < model.lookback] + [model.lookback]
    settings = _choose(model, data, lookbacks)
    if settings is None:
        raise UserError(
            f"No stretch of {lookbacks[0] + data.horizon} {data.frequency.name}s of train is "
            "without a missing value.",
            where=data.name,
            expected="series with few gaps",
            remedy="Fill them: --gaps zero; or give a shorter --horizon or a coarser --every.",
        )
    lookback = settings["lookback"]
    model.set_window(lookback, settings["centre"])
    windows = windows_of(data, "train", lookback, MOST_WINDOWS)
    columns = _columns(lookback, model.cycle, settings["phases"])
    equations = normal_equations(model, data, windows, lookback).mapped(columns)
    found, known = next(
        equations.solutions([settings["penalty"]], settings.get("known in the ridge", False))
    )
    weights = columns @ found
    kernel = np.zeros((model.lookback, data.horizon))
    kernel[model.lookback - lookback :] = weights[:lookback]
    model.set_linear(kernel, weights[lookback:])
    if model.known:
        model.known_weight.assign(known)
    model.offsets.assign(_offsets(model, data, lookback))
    return settings


def _choose(model: Forecaster, data: SeriesData, lookbacks: Sequence[int]) -> dict[str, Any] | None:
    """The settings with the least error on valid, from a sample of train; None without windows."""
    valid = windows_of(data, "valid", 0, MOST_VALID_WINDOWS)
    best: dict[tuple[bool, bool], tuple[float, dict[str, Any]]] = {}
    for lookback in lookbacks:
        windows = windows_of(data, "train", lookback, FEW_WINDOWS)
        for centre in CENTRES if model.nonnegative else CENTRES[:2]:
            model.set_window(lookback, centre)
            found = normal_equations(model, data, windows, lookback)
            judge = normal_equations(model, data, valid, lookback)
            if not found.count:
                continue
            for phases in (False, True) if model.cycle > 1 else (False,):
                columns = _columns(lookback, model.cycle, phases)
                solvable, judged = found.mapped(columns), judge.mapped(columns)
                for known in (False, True) if model.known else (False,):
                    solved = solvable.solutions(PENALTIES, known)
                    for penalty, weights in zip(PENALTIES, solved, strict=True):
                        error = judged.error(*weights)
                        if (known, phases) not in best or error < best[known, phases][0]:
                            settings = {
                                "lookback": lookback,
                                "centre": centre,
                                "phases": phases,
                                "penalty": penalty,
                            }
                            settings |= {"known in the ridge": known} if model.known else {}
                            best[known, phases] = error, settings
    if not best:
        return None
    chosen = []
    for known in {known for known, _ in best}:
        plain, seasonal = best[known, False], best.get((known, True))
        use_phases = seasonal is not None and seasonal[0] < (1 - GAIN_OF_PHASES) * plain[0]
        chosen.append(seasonal if seasonal is not None and use_phases else plain)
    return min(chosen, key=lambda one: one[0])[1]


def _with_closed_filled(data: SeriesData) -> SeriesData:
    """Steps of closed phases as the mean of the open ones around them.

    They are forecast as 0 whatever the linear forecast says, which so learns of open ones only.
    """
    phases = phases_of(data, np.arange(data.steps))
    open_steps = np.flatnonzero(open_phases(data)[phases])
    if len(open_steps) == data.steps:
        return data
    place = np.searchsorted(open_steps, np.arange(data.steps))
    after = open_steps[np.minimum(place, len(open_steps) - 1)]
    before = open_steps[np.maximum(place - 1, 0)]
    around = (data.values[:, before] + data.values[:, after]) / 2
    is_open = np.isin(np.arange(data.steps), open_steps)
    return replace(data, values=np.where(is_open, data.values, around))


def _columns(lookback: int, cycle: int, phases: bool) -> NDArray[np.float64]:
    """All regressors, or the values and one constant in place of the phases."""
    if phases:
        return np.eye(lookback + cycle)
    columns = np.zeros((lookback + cycle, lookback + 1))
    columns[:lookback, :lookback] = np.eye(lookback)
    columns[lookback:, lookback] = 1
    return columns


def _block_of(horizon: int) -> NDArray[np.int64]:
    """The block of each step of the horizon."""
    return np.arange(horizon) * min(BLOCKS, horizon) // horizon


def _residuals(
    model: Forecaster, data: SeriesData, windows: Windows
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Errors of the linear forecast in scales, the scales, and phases: each [n, horizon].

    Errors are NaN where there is no value, or everything is closed.
    """
    found, scales = [], []
    for batch in _batches(windows):
        inputs = inputs_of(data, batch, model.lookback)
        parts, scale = (np.asarray(x, np.float64) for x in model.linear_parts(inputs))
        linear = parts.sum(axis=-1)
        found.append((targets_of(data, batch) - linear) / np.maximum(scale, 1e-12))
        scales.append(np.repeat(scale, data.horizon, axis=1))
    phases = (phases_of(data, windows[1])[:, None] + np.arange(data.horizon)) % model.cycle
    errors = np.where(open_phases(data)[phases], np.concatenate(found), np.nan)
    return errors, np.concatenate(scales), phases


def _offsets(model: Forecaster, data: SeriesData, lookback: int) -> NDArray[np.float64]:
    """Quantiles of the errors on train by phase of the step and block: [cycle, horizon, levels].

    Errors count by their scale, which minimises the pinball loss of the values themselves.
    """
    windows = windows_of(data, "train", lookback, FEW_WINDOWS)
    errors, scales, phases = _residuals(model, data, windows)
    usable = ~np.isnan(errors) & (scales > 0)
    block, levels = _block_of(data.horizon), np.array(model.levels)
    by_phase = np.zeros((model.cycle, BLOCKS, len(levels)))
    for number in range(block[-1] + 1):
        columns = block == number
        mine = usable[:, columns]
        error, weight = errors[:, columns][mine], scales[:, columns][mine]
        phase = phases[:, columns][mine]
        whole = _weighted_quantiles(error, weight, levels)
        order = np.argsort(phase, kind="stable")
        ends = np.searchsorted(phase[order], np.arange(model.cycle + 1))
        for one in range(model.cycle):
            rows = order[ends[one] : ends[one + 1]]
            few = len(rows) < FEWEST_RESIDUALS
            by_phase[one, number] = (
                whole if few else _weighted_quantiles(error[rows], weight[rows], levels)
            )
    steps = np.arange(data.horizon)
    phase = (np.arange(model.cycle)[:, None] + steps) % model.cycle
    return by_phase[phase, block[steps]]


def _weighted_quantiles(
    values: NDArray[np.float64], weights: NDArray[np.float64], levels: NDArray[np.float64]
) -> NDArray[np.float64]:
    if not len(values):
        return np.zeros(len(levels))
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weights[order]) / weights.sum()
    found: NDArray[np.float64] = values[order][
        np.searchsorted(share, levels - 1e-12).clip(max=len(values) - 1)
    ]
    return found


def prepare_network(model: NetworkForecaster, data: SeriesData) -> dict[str, Any]:
    """Set what is usual in train, which networks are trained in units of.

    Returns:
        The settings of the window.
    """
    set_usual(model, data)
    model.set_window(model.lookback, model.level_of_window)
    return {"lookback": model.lookback, "centre": model.level_of_window}


@stage("fit")
def fit_quantiles(model: NetworkForecaster, data: SeriesData) -> dict[str, Any]:
    """Set the quantiles around the network's expected values by its errors on train."""
    model.offsets.assign(_offsets(model, data, model.lookback))
    return {}


@stage("calibrate")
def calibrate_quantiles(model: Forecaster, data: SeriesData) -> None:
    """Shift the quantiles so that they cover on valid what they should, by block of the horizon.

    Split conformal prediction with the finite-sample correction: of m errors the quantile of
    level q is the one of rank q (m + 1).

    Source: Romano, Patterson and Candes (2019), Conformalized quantile regression.
    """
    model.conformal.assign(np.zeros(model.conformal.shape))
    windows = windows_of(data, "valid", 0, MOST_VALID_WINDOWS)
    answer, actual = predicted(model, data, windows), targets_of(data, windows)
    errors, scales, _ = _residuals(model, data, windows)
    known = ~np.isnan(errors) & (scales > 0)
    block = _block_of(data.horizon)
    shift = np.zeros(model.conformal.shape)
    for number in range(block[-1] + 1):
        columns = block == number
        mine = known[:, columns]
        scale = scales[:, columns][mine]
        if len(scale) < FEWEST_RESIDUALS:
            continue
        for place, level in enumerate(model.levels):
            error = (actual - answer[:, :, 1 + place])[:, columns][mine] / scale
            rank = min(max(int(np.ceil(level * (len(error) + 1))) - 1, 0), len(error) - 1)
            shift[columns, place] = np.partition(error, rank)[rank]
    model.conformal.assign(shift)


def choose_correction(model: Forecaster, data: SeriesData) -> dict[str, Any]:
    """How much of the network's correction counts, chosen on valid; 0 is the linear forecast.

    Expected values and quantiles are chosen apart: by `point_metric`, and by pinball loss. So is
    whether the part of the network that reads covariates counts.
    """
    choices = list(product(CORRECTIONS, (0.0, 1.0) if model.known else (1.0,)))
    scores = []
    for share, known in choices:
        _set_correction(model, (share, share), (known, known))
        summary = forecasts_of(model, data, "valid").summary()
        scores.append((summary[point_metric(data)], summary["WQL"]))
    best = np.argmin(np.nan_to_num(np.array(scores), nan=np.inf), axis=0)
    (mean, known_mean), (quantile, known_quantile) = (choices[place] for place in best)
    _set_correction(model, (mean, quantile), (known_mean, known_quantile))
    settings = {"correction of means": mean, "correction of quantiles": quantile}
    if model.known:
        settings |= {"known in means": known_mean > 0, "known in quantiles": known_quantile > 0}
    return settings


def _set_correction(
    model: Forecaster, shares: tuple[float, float], known: tuple[float, float]
) -> None:
    model.correction.assign(shares)
    if model.known:
        model.known_correction.assign(known)
