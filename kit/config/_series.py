"""Options of recipes that learn from time series."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kit.config._data import SEED, TIME_FORMAT, FormatOptions
from kit.config._options import option
from kit.progress import stage

if TYPE_CHECKING:
    from kit.data.series import SeriesData, SeriesSource


@dataclass(frozen=True, kw_only=True)
class SeriesOptions(FormatOptions):
    """Where time series are, on which grid they lie, and how they are split.

    Example:

    >>> SeriesOptions(data="bike-sharing", horizon=48).dataset().horizon
    48
    """

    data: Any = option(
        help="A .csv, .tsv, .parquet or .jsonl file (also .gz), a folder of such files, or the "
        "built-in bike-sharing or online-retail-demand. It has a row for each series and time, or "
        "a column for each series.",
        metavar="SOURCE",
    )
    series_column: str | None = option(
        None, "Column that names the series, if not found by name; '' for none.", metavar="NAME"
    )
    time_column: str | None = option(
        None, "Column of the time, if not found by name.", metavar="NAME"
    )
    target_column: tuple[str, ...] = option(
        (),
        "Column to forecast, if not found by name; repeat it for a table with a column for each "
        "series.",
        metavar="NAME",
    )
    time_format: str | None = option(None, TIME_FORMAT, metavar="FORMAT")
    every: str | None = option(
        None,
        "The step of the series.  [default: found]",
        choices=("hour", "day", "week", "month"),
    )
    gaps: str | None = option(
        None,
        "What a step without a row is, after the first of its series.  [default: zero with "
        "--aggregate sum, else missing]",
        choices=("missing", "zero"),
    )
    aggregate: str | None = option(
        None,
        "How rows of one series and step are combined.  [default: refused]",
        choices=("sum", "mean"),
    )
    outcome: str | None = option(
        None,
        "What the target is: whole numbers from 0, numbers from 0, or any.  [default: found]",
        choices=("count", "positive", "real"),
    )
    returns: str | None = option(
        None,
        "What negative values are: set off against the sales of their step, or left out.  "
        "[default: values]",
        choices=("net", "drop"),
    )
    known: tuple[str, ...] = option(
        (),
        "A column of numbers or texts that is known for the future, such as a price or a "
        "promotion; repeat it, or write a,b.",
        metavar="COLUMN",
    )
    static: tuple[str, ...] = option(
        (),
        "A column that is constant within each series, such as a category, which series without "
        "a history are forecast by; repeat it, or write a,b.",
        metavar="COLUMN",
    )
    hierarchy: tuple[str, ...] = option(
        (),
        "A column that groups the series, such as a region, whose totals are forecast as well; "
        "repeat it from coarse to fine, or write a,b.",
        metavar="COLUMN",
    )
    holidays: str | None = option(
        None,
        "Holidays of this country are known, such as GB or US-CA. Needs the extra: pip install "
        "keras-application-kit[holidays]",
        metavar="COUNTRY",
    )
    until: str | None = option(None, "Leave out what is later.", metavar="TIME")
    horizon: int | None = option(
        None,
        "Steps to forecast.  [default: 24 hours, 14 days, 8 weeks or 12 months]",
        min=1,
        metavar="STEPS",
    )
    origins: int | None = option(
        None,
        "Forecasts of test, and of valid, that begin one after the other.  [default: for a tenth "
        "of the series, at least 3]",
        min=1,
        metavar="NUMBER",
    )
    stride: int | None = option(
        None, "Steps between two of them.  [default: the horizon]", min=1, metavar="STEPS"
    )
    seed: int = option(0, "Random seed.", min=0, max=SEED, metavar="NUMBER")

    @stage("read")
    def open(self, source: Any = None) -> "SeriesSource":
        """Open the source.

        Args:
            source: another one, in the same form.
        """
        from kit.data.series import SeriesColumns, open_series

        columns = SeriesColumns(
            self.series_column,
            self.time_column,
            self.target_column,
            self.time_format,
            self.known,
            self.static,
            self.hierarchy,
        )
        return open_series(
            self.data if source is None else source,
            columns=columns,
            every=self.every,
            gaps=self.gaps,
            aggregate=self.aggregate,
            outcome=self.outcome,
            until=self.until,
            holidays=self.holidays,
            returns=self.returns,
            format=self.format(),
        )

    def dataset(self) -> "SeriesData":
        """Open the source and split it."""
        from kit.data.series import split_series

        data = split_series(
            self.open(), horizon=self.horizon, origins=self.origins, stride=self.stride
        )
        return replace(data, options=self)
