"""Windows of series as inputs of a `Forecaster`, and its forecasts of them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.data.series import SeriesData
from kit.evaluation._forecasting import Forecasts, Scales
from kit.models import Forecaster
from kit.progress import stage

WINDOWS_AT_ONCE = 4096
# Windows that settings are chosen on, and of valid.
FEW_WINDOWS, MOST_VALID_WINDOWS = 20_000, 40_000
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


def batches_of(windows: Windows) -> Iterator[Windows]:
    """Windows in parts that fit into memory."""
    for begin in range(0, len(windows[0]), WINDOWS_AT_ONCE):
        yield (
            windows[0][begin : begin + WINDOWS_AT_ONCE],
            windows[1][begin : begin + WINDOWS_AT_ONCE],
        )


def predicted(model: Forecaster, data: SeriesData, windows: Windows) -> NDArray[np.float32]:
    """Expected values and quantiles of windows, float32 [windows, horizon, 1 + levels]."""
    answers = [
        np.asarray(model(inputs_of(data, batch, model.lookback), training=False))
        for batch in batches_of(windows)
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
