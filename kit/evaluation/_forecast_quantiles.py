"""The quantiles of a `Forecaster` around its expected values, and their calibration."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.data.series import SeriesData
from kit.evaluation._forecast_usual import set_usual
from kit.evaluation._forecast_windows import (
    FEW_WINDOWS,
    MOST_VALID_WINDOWS,
    Windows,
    batches_of,
    inputs_of,
    phases_of,
    predicted,
    targets_of,
    windows_of,
)
from kit.evaluation._forecasting import open_phases
from kit.models import Forecaster, NetworkForecaster
from kit.progress import stage

# Steps of the horizon that share quantile offsets, and the fewest residuals of an offset.
BLOCKS, FEWEST_RESIDUALS = 4, 200


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
    for batch in batches_of(windows):
        inputs = inputs_of(data, batch, model.lookback)
        parts, scale = (np.asarray(x, np.float64) for x in model.linear_parts(inputs))
        linear = parts.sum(axis=-1)
        found.append((targets_of(data, batch) - linear) / np.maximum(scale, 1e-12))
        scales.append(np.repeat(scale, data.horizon, axis=1))
    phases = (phases_of(data, windows[1])[:, None] + np.arange(data.horizon)) % model.cycle
    errors = np.where(open_phases(data)[phases], np.concatenate(found), np.nan)
    return errors, np.concatenate(scales), phases


def quantile_offsets(model: Forecaster, data: SeriesData, lookback: int) -> NDArray[np.float64]:
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
    model.offsets.assign(quantile_offsets(model, data, model.lookback))
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
