"""Split time series by time: forecasts of test and valid begin at several origins."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.data._clean import CleaningStep
from kit.data.series._covariates import Covariate, HolidayCalendar
from kit.data.series._frequency import Frequency
from kit.data.series._hierarchy import Hierarchy
from kit.data.series._source import SeriesSource
from kit.errors import UserError

# Share of the steps that are test, and as many valid; and the fewest origins.
TEST_SHARE, FEWEST_ORIGINS = 0.1, 3
# Share of the steps of valid and test in which a known column may have no value.
MOST_MISSING = 0.5


@dataclass(frozen=True)
class SeriesData:
    """Series on a grid and where the forecasts of valid and test begin.

    A forecast of `horizon` steps begins at each origin and sees what lies before it. All origins of
    a part are `stride` steps apart; the last one of test ends with the series, and valid ends where
    the first one of test begins. What lies before the first origin of valid is train.

    Args:
        name: of the source.
        series: their names.
        values: float64 [series, steps]; NaN is missing.
        frequency: of the grid.
        first: number of the first step.
        outcome: "count", "positive" or "real".
        horizon: steps that are forecast.
        origins: number of origins of valid, and of test.
        stride: steps between two origins.
        cleaning: what was dropped.
        rows_read: rows of the table.
        licence: attribution of a built-in data set, else "".
        notes: lines on how the table was read.
        options: that the data were opened with, or None.
        known: covariates whose values are known for the future; holidays come last.
        static: features of the series.
        holidays: their calendar, or None.
        hierarchy: groups of the series, or None.
    """

    name: str
    series: tuple[str, ...]
    values: NDArray[np.float64]
    frequency: Frequency
    first: int
    outcome: str
    horizon: int
    origins: int
    stride: int
    cleaning: tuple[CleaningStep, ...] = ()
    rows_read: int = 0
    licence: str = ""
    notes: tuple[str, ...] = ()
    options: Any = None
    known: tuple[Covariate, ...] = ()
    static: tuple[Covariate, ...] = ()
    holidays: HolidayCalendar | None = None
    hierarchy: Hierarchy | None = None

    def __repr__(self) -> str:
        return (
            f"SeriesData({self.name!r}: {len(self.series):,} series of {self.steps:,} "
            f"{self.frequency.name}s, horizon {self.horizon})"
        )

    @property
    def steps(self) -> int:
        """Steps of the grid."""
        return int(self.values.shape[1])

    @property
    def span(self) -> int:
        """Steps of valid, and of test."""
        return self.horizon + (self.origins - 1) * self.stride

    @property
    def train_end(self) -> int:
        """The first step that is not train."""
        return self.steps - 2 * self.span

    @property
    def requested(self) -> tuple[Covariate, ...]:
        """The known covariates that a request gives; holidays follow from its dates."""
        return self.known[:-1] if self.holidays is not None else self.known

    def starts(self, part: str) -> NDArray[np.int64]:
        """The steps that forecasts of "valid" or "test" begin at, counted from 0."""
        begin = self.steps - (2 if part == "valid" else 1) * self.span
        return begin + self.stride * np.arange(self.origins, dtype=np.int64)

    def actual(self, part: str) -> NDArray[np.float64]:
        """What happened: float64 [series, origins, horizon]."""
        steps = self.starts(part)[:, None] + np.arange(self.horizon)
        return self.values[:, steps]

    @property
    def split(self) -> str:
        """The split, in words."""
        apart = f", {self.stride} apart" if self.origins > 1 else ""
        return (
            f"by time: test is the last {self.span:,} {self.frequency.name}s with "
            f"{self.origins:,} origin{'s' if self.origins > 1 else ''}{apart}, valid as many before"
        )


def split_series(
    source: SeriesSource,
    *,
    horizon: int | None = None,
    origins: int | None = None,
    stride: int | None = None,
) -> SeriesData:
    """Split series by time.

    Args:
        source: the series.
        horizon: steps to forecast; None is the usual number of their frequency.
        origins: forecasts of test that begin one after the other, and as many of valid; None makes
            test a tenth of the steps, at least three origins.
        stride: steps between them; None is the horizon, so that they do not overlap.

    Raises:
        UserError: the series are too short.

    Example:

    >>> from kit.data.series import open_series
    >>> data = split_series(open_series("bike-sharing"), horizon=24, origins=28)
    >>> int(data.starts("test")[0]) == data.steps - 28 * 24, data.actual("valid").shape
    (True, (1, 28, 24))
    """
    frequency, steps = source.frequency, source.values.shape[1]
    horizon = horizon or frequency.horizon
    stride = stride or horizon
    if origins is None:
        origins = max(FEWEST_ORIGINS, round(TEST_SHARE * steps / stride))
    data = SeriesData(
        name=source.name,
        series=source.series,
        values=source.values,
        frequency=frequency,
        first=source.first,
        outcome=source.outcome,
        horizon=horizon,
        origins=origins,
        stride=stride,
        cleaning=source.cleaning,
        rows_read=source.rows_read,
        licence=source.licence,
        notes=source.notes,
        known=source.known,
        static=source.static,
        holidays=source.holidays,
        hierarchy=source.hierarchy,
    )
    needed = max(2 * horizon, horizon + frequency.season)
    if data.train_end < needed:
        raise UserError(
            f"The series have {steps:,} {frequency.name}s, too few for a horizon of {horizon} with "
            f"{origins} origins.",
            where=source.name,
            expected=f"at least {needed + 2 * data.span:,}: {needed:,} to learn from, and "
            f"{data.span:,} each for valid and test",
            remedy="Give a shorter --horizon, fewer --origins, or a finer --every.",
        )
    return _with_available(_without_short(data))


def _without_short(data: SeriesData) -> SeriesData:
    """Without series that have no value in train, as nothing could be learned of them."""
    known = np.count_nonzero(~np.isnan(data.values[:, : data.train_end]), axis=1) > 0
    if known.all():
        return data
    if not known.any():
        raise UserError(
            "No series has a value before valid and test.",
            where=data.name,
            expected=f"values before {data.frequency.texts([data.first + data.train_end])[0]}",
            remedy="Give a shorter --horizon or fewer --origins.",
        )
    left_out = int((~known).sum())
    return replace(
        data,
        series=tuple(np.array(data.series, object)[known].tolist()),
        values=data.values[known],
        known=tuple(one.only(known) for one in data.known),
        static=tuple(one.only(known) for one in data.static),
        hierarchy=data.hierarchy and data.hierarchy.only(known),
        notes=(*data.notes, f"{left_out:,} series begin after train and are left out"),
    )


def _with_available(data: SeriesData) -> SeriesData:
    """Data whose known columns have values where forecasts are made; what is missing is told."""
    begin, notes = int(data.starts("valid")[0]), list(data.notes)
    observed = ~np.isnan(data.values[:, begin:])
    for one in data.known:
        missing = one.missing[:, begin:] & observed
        share = missing.sum() / max(1, observed.sum())
        row, place = (int(x) for x in np.unravel_index(missing.argmax(), missing.shape))
        date = data.frequency.texts([data.first + begin + place])[0]
        if share > MOST_MISSING:
            raise UserError(
                f"'{one.name}' has no value in {share:.0%} of the {data.frequency.name}s of valid "
                "and test, so it is not known for the steps to forecast.",
                where=f"{data.name}, column {one.name}, series '{data.series[row]}' at {date}",
                expected="a value for each series and step",
                remedy="Fill it in, or leave it out of --known.",
            )
        if share:
            notes.append(
                f"warning: '{one.name}' has no value in {share:.1%} of the {data.frequency.name}s "
                "of valid and test; there it counts as usual"
            )
    return replace(data, notes=tuple(notes))
