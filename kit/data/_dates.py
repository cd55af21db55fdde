"""Dates in the forms people and programs write, as microseconds since the epoch, UTC."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import polars as pl

_SAMPLE = 200
_SOME_DAY = datetime(2001, 12, 30, 13, 14, 15)
_FIRST_YEAR = -30_610_224_000 * 1_000_000  # the year 1000: "14/11/23" is not of the year 23
_CLOCKS = (
    *("", " %H:%M:%S", " %H:%M", " %H:%M:%S%.f", " %I:%M:%S %p", " %I:%M %p", " %I:%M%p"),
    *(", %H:%M:%S", ", %H:%M", ", %I:%M:%S %p", ", %I:%M %p", "T%H:%M:%S", " %H:%M:%S %#z"),
)
_ISO = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S UTC",
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M%#z",
    "%Y-%m-%d %H:%M%#z",
    "%Y-%m-%d %H:%M:%S GMT",
    "%Y-%m-%d %H:%M:%S,%3f",
    "%Y-%m-%dT%H:%M:%S,%3f",
    "%Y-%m-%d %I:%M:%S %p",
    "%Y-%m-%d %I:%M %p",
    "%Y%m%dT%H%M%S",
    "%Y%m%dT%H%M%SZ",
    "%Y%m%d %H:%M:%S",
    "%Y%m%d %H%M%S",
    "%G-W%V-%u",
)
_OF_ONE_ORDER = (
    *("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y"),
    *("%d %b %Y", "%d-%b-%Y", "%d/%b/%Y", "%d-%b-%y", "%d %b %y", "%d. %b %Y", "%d %B %Y"),
    *("%b %d, %Y", "%b %d %Y", "%B %d, %Y", "%B %d %Y", "%a, %d %b %Y", "%a %b %d %Y"),
)
_WHOLE = (
    "%a %b %d %H:%M:%S %z %Y",
    "%a %b %d %H:%M:%S %Y",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S GMT",
    "%d/%b/%Y:%H:%M:%S %z",
)
UNAMBIGUOUS = (
    *_ISO,
    *(f"{day}{clock}" for day in _OF_ONE_ORDER for clock in _CLOCKS),
    *_WHOLE,
)
ORDERED = {
    order: tuple(f"{day}{clock}" for day in days for clock in _CLOCKS)
    for order, days in (
        ("day-first", ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y", "%d-%m-%y")),
        ("month-first", ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%m-%d-%y")),
        ("year-first", ("%y/%m/%d", "%y-%m-%d")),
    )
}


class Ambiguous(Exception):
    """Dates that can be read in several orders.

    Args:
        row: the first of which the readings differ.
        text: its text.
        readings: the date in each order.
        formats: what tells the orders apart: a pattern, or the name of an order.
    """

    def __init__(
        self, row: int, text: str, readings: Sequence[date], formats: Sequence[str]
    ) -> None:
        self.row, self.text, self.readings, self.formats = row, text, readings, formats
        super().__init__(text)


def from_pattern(text: pl.Series, form: str) -> pl.Series:
    """Times written as one strptime pattern says; null where they are not."""
    form = form.replace(".%f", "%.f").replace("%z", "%#z").replace("%##z", "%#z")
    zone = "UTC" if "%#z" in form else None
    parsed = text.str.to_datetime(
        form, time_unit="us", time_zone=zone, strict=False, exact=True
    ).to_physical()
    return parsed.set(parsed < _FIRST_YEAR, None) if "%Y" in form else parsed


def is_pattern(form: str) -> bool:
    """Whether a pattern says of which day a time is: whether what it writes, it reads.

    Example:

    >>> [is_pattern(form) for form in ("%d/%m/%Y", "%d/%m", "%Q", "yyyy")]
    [True, False, False, False]
    """
    day = pl.Series([_SOME_DAY]).dt.replace_time_zone("UTC")
    try:
        read = from_pattern(day.dt.strftime(form.replace("%#z", "%z")), form)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return False
    return not read.has_nulls() and _date_of(read[0]) == _SOME_DAY.date()


def from_text(text: pl.Series, order: str | None) -> pl.Series:
    """Times in any form known; null where it is none. Forms may differ from row to row.

    Args:
        text: stripped, null where missing.
        order: "day-first", "month-first", "year-first", of dates that do not say; None finds it.

    Raises:
        Ambiguous: the order is not given, and several are possible.
    """
    parsed, _ = by_forms(text, UNAMBIGUOUS)
    left = (parsed.is_null() & text.is_not_null()).arg_true()
    if left.is_empty():
        return parsed
    rest = text.gather(left)
    orders = [order] if order else list(ORDERED)
    found = {name: by_forms(rest, ORDERED[name]) for name in orders}
    complete = {
        name: (times, forms) for name, (times, forms) in found.items() if not times.has_nulls()
    }
    if not complete:
        # The one that reads most; what it does not read is an error.
        best = max(found.values(), key=lambda one: one[0].count())
        return parsed.scatter(left, best[0])
    different = pl.DataFrame({name: times for name, (times, _) in complete.items()})
    first, *others = different.columns
    apart = different.select(
        pl.any_horizontal([pl.lit(False), *(pl.col(other) != pl.col(first) for other in others)])
    ).to_series()
    if apart.any():
        row = int(apart.arg_max() or 0)
        # A pattern reads a whole column; of a column with several, only the order can be named.
        whole = len(rest) == text.count()
        single = whole and all(len(forms) == 1 for _, forms in complete.values())
        raise Ambiguous(
            int(left[row]),
            rest[row],
            [_date_of(times[row]) for times, _ in complete.values()],
            [forms[0] if single else name for name, (_, forms) in complete.items()],
        )
    return parsed.scatter(left, different[first])


def by_forms(text: pl.Series, forms: Sequence[str]) -> tuple[pl.Series, list[str]]:
    """Times in any of the forms, and the forms that occur, the most frequent first."""
    times = pl.repeat(None, len(text), dtype=pl.Int64, eager=True)
    used: list[str] = []
    left = text.is_not_null().arg_true()
    while not left.is_empty():
        rest = text if len(left) == len(text) else text.gather(left)
        form = _most_frequent(rest, forms)
        if form is None:
            break
        used.append(form)
        parsed = from_pattern(rest, form)
        times = parsed if len(left) == len(text) else times.scatter(left, parsed)
        left = left.filter(parsed.is_null())
    return times, used


def _most_frequent(text: pl.Series, forms: Sequence[str]) -> str | None:
    """The form that reads most of some values; None where none reads any."""
    some = text.gather_every(max(1, len(text) // _SAMPLE))
    best, most = None, 0
    for form in forms:
        count = from_pattern(some, form).count()
        if count == len(some):
            return form
        if count > most:
            best, most = form, count
    return best


def _date_of(microseconds: int) -> date:
    return date(1970, 1, 1) + timedelta(microseconds=microseconds)
