"""What is known beside the past: columns of the future, holidays, static features of series."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data.series._frequency import Frequency
from kit.errors import UserError

# Of texts, the most frequent are told apart; those of static features count once a series.
MOST_CATEGORIES, MOST_STATIC = 32, 1000
HOLIDAYS = "holidays"
"""The covariate that --holidays adds."""
YEARS_AHEAD = 10


@dataclass(frozen=True)
class Covariate:
    """A covariate of series.

    Args:
        name: of its column.
        values: float32; numbers, NaN where missing, or codes of texts from 1, 0 where missing or
            rare. [series, steps] of a known covariate, [series] of a static one.
        categories: the texts; none of a number.

    Example:

    >>> promotion = Covariate("promotion", np.float32([[0, 2]]), ("big", "small"))
    >>> promotion.raw(promotion.values).tolist(), promotion.missing.tolist()
    ([['', 'small']], [[True, False]])
    """

    name: str
    values: NDArray[np.float32]
    categories: tuple[str, ...] = ()

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Where there is no value."""
        return self.values == 0 if self.categories else np.isnan(self.values)

    def raw(self, values: NDArray[np.float32]) -> NDArray[Any]:
        """Some of its values as requests hold them: float32, or texts."""
        if not self.categories:
            return values
        texts: NDArray[Any] = np.array(["", *self.categories], object)[values.astype(int)]
        return texts

    def only(self, part: Any) -> "Covariate":
        """Of some of the series, or steps: an index of its values."""
        return replace(self, values=self.values[part])


@dataclass(frozen=True)
class HolidayCalendar:
    """Holidays of a country.

    Args:
        country: "GB", or with a part of it "GB-SCT".
        first: the first step of the table; of hours its day.
        counts: float32 [steps], holidays in each step from there; of hours, of each day.
        is_hourly: whether steps are hours.
    """

    country: str
    first: int
    counts: NDArray[np.float32]
    is_hourly: bool = False

    @classmethod
    def of(cls, country: str, frequency: Frequency, first: int, last: int) -> "HolidayCalendar":
        """From the year of the first step to ten years after that of the last.

        Raises:
            UserError: the country is not known, or the package holidays is not installed.
        """
        days = frequency if frequency.name != "hour" else None
        begin, end = frequency.start(first).year, frequency.start(last).year + YEARS_AHEAD
        dates = pl.Series(_dates(country, range(begin, end + 1)), dtype=pl.Date).sort()
        whole = pl.Series([f"{begin}-01-01", f"{end}-12-31"]).str.to_date()
        steps, ends = (_steps(x, days) for x in (dates, whole))
        counts = np.bincount(steps - ends[0], minlength=ends[1] - ends[0] + 1)
        return cls(country, int(ends[0]), counts.astype(np.float32), days is None)

    def covariate(self, first: int, shape: tuple[int, int]) -> Covariate:
        """As a known covariate of series."""
        values = self.of_steps(first + np.arange(shape[1]))
        return Covariate(HOLIDAYS, np.broadcast_to(values, shape))

    @property
    def note(self) -> str:
        """How many there are, in words."""
        return f"{int(self.counts.sum()):,} dates, up to {YEARS_AHEAD} years after the data"

    def of_steps(self, steps: NDArray[np.int64]) -> NDArray[np.float32]:
        """Holidays in steps, float32; 0 outside the table."""
        place = (steps // 24 if self.is_hourly else steps) - self.first
        inside = (place >= 0) & (place < len(self.counts))
        return np.where(inside, self.counts[np.where(inside, place, 0)], 0).astype(np.float32)


def _steps(dates: pl.Series, frequency: Frequency | None) -> NDArray[np.int64]:
    days = dates.to_physical().cast(pl.Int64)
    if frequency is None:
        return days.to_numpy()
    return frequency.steps(days * 86_400_000_000).to_numpy()


def _dates(country: str, years: range) -> list[Any]:
    try:
        import holidays
    except ImportError:
        raise UserError(
            "The dates of holidays come from the package holidays, which is not installed.",
            where="--holidays",
            remedy="Run pip install keras-application-kit[holidays], or name a column of your own: "
            "--known NAME",
        ) from None
    code, _, part = country.upper().partition("-")
    countries = holidays.list_supported_countries()
    if code not in countries or (part and part not in countries[code]):
        known = countries.get(code)
        raise UserError(
            f"There is no calendar of holidays of '{country}'.",
            where="--holidays",
            expected=f"a part of {code}: {', '.join(known)}"
            if known
            else "an ISO 3166 code of a country such as GB, US or DE, perhaps with a part: GB-SCT",
        )
    return list(holidays.country_holidays(code, subdiv=part or None, years=years))


def on_grid(
    rows: pl.DataFrame, name: str, series: Sequence[str], first: int, steps: int
) -> Covariate:
    """A known column on the grid of the series.

    Several values of one step are averaged; of texts the most frequent counts. Where at each step
    all series have one value, as the weather, it holds for series without a row, too.

    Args:
        rows: `series`, null where the column holds for all, `step` and "=" + name.
        name: of the column.
        series: names of the series.
        first: number of the first step.
        steps: of the grid.
    """
    rows = rows.select("series", "step", value=f"={name}").drop_nulls("value")
    rows = rows.filter(pl.col("step").is_between(first, first + steps - 1))
    categories: tuple[str, ...] = ()
    if rows["value"].dtype == pl.String:
        categories = _categories(rows["value"], MOST_CATEGORIES)
        value = pl.col("value").mode().sort().first()
    else:
        value = pl.col("value").mean()
    cells = rows.group_by("series", "step").agg(value)
    if categories:
        codes = {text: 1 + place for place, text in enumerate(categories)}
        cells = cells.with_columns(value=pl.col("value").replace_strict(codes, default=0))
    value = pl.col("value")
    at_step = cells.group_by("step").agg(value.min(), most=value.max(), compared=pl.len() > 1)
    empty = 0.0 if categories else np.nan
    for_all = len(series) == 1 or rows["series"].count() == 0
    if (for_all or 2 * at_step["compared"].sum() >= len(at_step)) and (
        at_step["value"] == at_step["most"]
    ).all():
        found = np.full(steps, empty, np.float32)
        found[at_step["step"].to_numpy() - first] = at_step["value"].to_numpy()
        return Covariate(name, np.broadcast_to(found, (len(series), steps)), categories)
    place = {one: number for number, one in enumerate(series)}
    found = np.full((len(series), steps), empty, np.float32)
    row = cells["series"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    found[row, cells["step"].to_numpy() - first] = cells["value"].to_numpy()
    return Covariate(name, found, categories)


def with_several(cells: pl.DataFrame) -> tuple[str, list[Any]] | None:
    """The first series with several values, and these; None if each has one.

    Args:
        cells: series and value, without repeated rows.
    """
    several = cells.filter(cells["series"].is_duplicated()).sort("series", "value")
    if not len(several):
        return None
    one = several["series"][0]
    return one, several.filter(pl.col("series") == one)["value"].to_list()


def of_series(rows: pl.DataFrame, name: str, series: Sequence[str], where: str) -> Covariate:
    """A static column of the series, "=" + name of rows.

    Raises:
        UserError: a series has several values.
    """
    cells = rows.select("series", value=f"={name}").drop_nulls().unique()
    if several := with_several(cells):
        one, values = several
        raise UserError(
            f"'{name}' is not constant within series '{one}': {values[0]}, {values[1]}.",
            where=f"{where}, column {name}",
            expected="one value for each series",
            remedy=f"Mend it, or if it changes and is known for the future give --known {name}.",
        )
    categories: tuple[str, ...] = ()
    if cells["value"].dtype == pl.String:
        categories = _categories(cells["value"], MOST_STATIC)
        codes = {text: 1 + place for place, text in enumerate(categories)}
        cells = cells.with_columns(value=pl.col("value").replace_strict(codes, default=0))
    by_name = dict(cells.iter_rows())
    empty = 0.0 if categories else np.nan
    return Covariate(
        name, np.array([by_name.get(one, empty) for one in series], np.float32), categories
    )


def _categories(values: pl.Series, most: int) -> tuple[str, ...]:
    """The most frequent texts; one at least, as none would be a number."""
    counts = values.value_counts().sort("count", values.name, descending=[True, False])
    return tuple(counts[values.name].head(most).to_list()) or ("",)


def covariate_note(role: str, covariate: Covariate, cells: pl.Series) -> str:
    """What a covariate is, in a line, of its cells as read."""
    name = covariate.name
    if not cells.count():
        return f"warning: {role}: '{name}' has no value"
    if not covariate.categories:
        ends = [f"{float(x):.6g}" for x in (cells.min(), cells.max())]  # type: ignore[arg-type]
        return f"{role}: '{name}', a number from {ends[0]} to {ends[1]}"
    texts, most = cells.drop_nulls().n_unique(), len(covariate.categories)
    shown = f", of which the {most} most frequent count" if texts > most else ""
    return f"{role}: '{name}', one of {texts:,} texts{shown}"
