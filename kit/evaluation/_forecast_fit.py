"""Fit a `Forecaster` in closed form: ridge regression, and how much a network corrects it."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.data.series import SeriesData
from kit.errors import UserError
from kit.evaluation._forecast_quantiles import quantile_offsets
from kit.evaluation._forecast_usual import set_usual
from kit.evaluation._forecast_windows import (
    FEW_WINDOWS,
    MOST_VALID_WINDOWS,
    Windows,
    batches_of,
    forecasts_of,
    inputs_of,
    phases_of,
    targets_of,
    windows_of,
)
from kit.evaluation._forecasting import open_phases, point_metric, variances
from kit.evaluation._normal_equations import NormalEquations
from kit.models import CENTRES, Forecaster
from kit.progress import stage

PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""L2 penalties to choose from, as shares of the mean square of the regressors."""
# Windows that the chosen settings are fitted on.
MOST_WINDOWS = 400_000
# Phases are many weights: what they gain on valid has to be more than chance.
GAIN_OF_PHASES = 0.01
CORRECTIONS = (0.0, 0.25, 0.5, 0.75, 1.0)


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
    for batch in batches_of(windows):
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
    model.offsets.assign(quantile_offsets(model, data, lookback))
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
