"""Forecasts of any system, read from a table to be measured beside ours."""

import numpy as np
import polars as pl

from kit.data import read_table
from kit.data.series import SeriesData
from kit.errors import UserError
from kit.evaluation._forecasting import LEVELS, Forecasts, Scales

MEANS = ("mean", "forecast", "prediction", "yhat")


def read_forecasts(data: SeriesData, file: str) -> Forecasts:
    """Forecasts of the test part from a table.

    Args:
        data: the split series.
        file: a table with a row for each series and step of test: series_id, time, mean and, where
            there are any, the quantiles q0.1, q0.3, q0.5, q0.7 and q0.9, as `kit forecast` writes
            them. Where forecasts overlap, `origin` is the time of the first step of each.

    Raises:
        UserError: a column or a forecast is missing, or it has several of one series and step.
    """
    frame = read_table(file).frame
    if "level" in frame.columns:
        frame = frame.filter(level="series")  # The rows of groups are no series.
    overlap = data.stride < data.horizon
    mean = next((name for name in MEANS if name in frame.columns), None)
    needed = ["series_id", "time", *(["origin"] if overlap else [])]
    if missing := [name for name in needed if name not in frame.columns]:
        raise _no_column(missing[0], file, frame.columns)
    if mean is None:
        raise _no_column("mean", file, frame.columns)
    levels = [name for level in LEVELS if (name := f"q{level:g}") in frame.columns]
    values = [mean, *(levels if len(levels) == len(LEVELS) else [])]
    frequency, starts = data.frequency, data.starts("test")
    begin = int(starts[0])
    step = _steps(frame["time"], data, file)
    origin = begin + (step - begin) // data.stride * data.stride
    if overlap:
        origin = _steps(frame["origin"], data, file)
    code = {name: number for number, name in enumerate(data.series)}
    cells = pl.DataFrame(
        {
            "series": frame["series_id"].cast(pl.String).replace_strict(code, default=-1),
            "origin": (origin - begin) // data.stride,
            "ahead": step - origin,
        }
    ).hstack(frame.select(pl.col(values).cast(pl.Float32, strict=False)))
    cells = cells.filter(
        (pl.col("series") >= 0)
        & pl.col("origin").is_between(0, data.origins - 1)
        & pl.col("ahead").is_between(0, data.horizon - 1)
        & ((pl.Series(origin) - begin) % data.stride == 0)
    )
    place = cells.select("series", "origin", "ahead")
    if place.is_duplicated().any():
        row = place.filter(place.is_duplicated()).row(0, named=True)
        first = data.first + int(starts[row["origin"]])
        raise UserError(
            f"Series '{data.series[row['series']]}' has two forecasts of "
            f"{frequency.texts([first + row['ahead']])[0]}.",
            where=file,
            expected="one for each series and step",
        )
    shape = (len(data.series), data.origins, data.horizon)
    found = np.full((*shape, 1 + len(LEVELS)), np.nan, np.float32)
    index = tuple(place[name].to_numpy() for name in place.columns)
    found[..., : len(values)][index] = cells.select(values).to_numpy()
    actual = data.actual("test").astype(np.float32)
    gaps = np.isnan(found[..., 0]) & ~np.isnan(actual)
    if gaps.any():
        series, number, ahead = np.argwhere(gaps)[0]
        date = frequency.texts([data.first + starts[number] + ahead])[0]
        raise UserError(
            f"{int(gaps.sum()):,} of {gaps.size:,} forecasts are missing, the first of series "
            f"'{data.series[series]}' at {date}.",
            where=file,
            expected=f"{data.horizon} {frequency.name}s of every series from each of "
            f"{', '.join(frequency.texts(data.first + starts[:3]))}"
            + (" ..." if data.origins > 3 else ""),
            remedy="Forecast these from what lies before each of them.",
        )
    return Forecasts(actual, found[..., 0], found[..., 1:], Scales.of(data, "test"), overlap)


def _steps(times: pl.Series, data: SeriesData, file: str) -> pl.Series:
    """Steps of times, counted from the first one of the data."""
    from kit.data import to_microseconds

    found = to_microseconds(times, where=f"{file}, column {times.name}", first_row=2)
    return data.frequency.steps(found) - data.first


def _no_column(name: str, file: str, header: list[str]) -> UserError:
    return UserError(
        f"There is no column '{name}'.",
        where=file,
        expected="series_id, time, mean, perhaps q0.1, q0.3, q0.5, q0.7 and q0.9, and origin where "
        f"forecasts overlap; found: {', '.join(header)}",
        remedy="Rename the columns.",
    )
