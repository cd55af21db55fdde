"""Times as microseconds since the epoch, UTC."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import polars as pl

from kit.data._cells import BadCells
from kit.data._dates import Ambiguous, from_pattern, from_text, is_pattern
from kit.data._ids import is_missing, stripped
from kit.errors import UserError

SECOND = 1_000_000
DAY = 86_400 * SECOND
# Above 1e11 s lies the year 5138, below 1e11 ms lies 1973: the size of a number tells its unit.
_UNITS = ((1e11, SECOND, 1), (1e14, 1_000, 1), (1e17, 1, 1), (float("inf"), 1, 1_000))
_YEARS_1_TO_9999 = (-62_135_596_800 * SECOND, 253_402_300_799 * SECOND)
_UNIT_NAMES = ("seconds", "milliseconds", "microseconds", "nanoseconds")
_UNIT_FORMATS = dict(zip(("s", "ms", "us", "ns"), _UNITS, strict=True))
_EXCEL = "excel"
_EXCEL_EPOCH, _EXCEL_END = 25_569, 73_051  # 1970 and 2100 in days since 1899-12-30
ORDERS = ("day-first", "month-first", "year-first")
# Calendar times in digits: 20240531, 2024053118, 202405311800, 20240531180000, 20240531180000123.
_CALENDAR = {
    8: "%Y%m%d",
    10: "%Y%m%d%H%M",  # of two digits more, as no parser takes an hour alone
    12: "%Y%m%d%H%M",
    14: "%Y%m%d%H%M%S",
    17: "%Y%m%d%H%M%S%3f",
}
_CALENDAR_YEARS = (1900, 2100)
_CALENDAR_SHARE = 0.95
_EXPECTED = (
    "seconds, milliseconds or microseconds since 1970, ISO 8601 (2024-05-31, "
    "2024-05-31 18:00:00, 2024-05-31T18:00:00Z), or another usual form (31.5.2024, 20240531)"
)


def to_microseconds(
    values: pl.Series, *, where: str, first_row: int, form: str | None = None
) -> pl.Series:
    """Times of any kind as Int64 microseconds since 1970-01-01 UTC; what is missing is null.

    Numbers are epoch seconds, milliseconds, microseconds or nanoseconds, by their size, the same
    for the whole column; digits that are all calendar times (20240531, 20240531180000) are these.
    Text is such a number or a date; without a zone it is taken as UTC. Whether the day or the
    month comes first follows from the whole column.

    Args:
        values: the column as read.
        where: file and column, for errors.
        first_row: the number a person gives to the first row.
        form: how times are written, as `time_format` of `kit.data.Columns`; None finds it.

    Raises:
        UserError: a value that does not parse, named with its row; or dates that can be read day
            first and month first.

    Example:

    >>> to_microseconds(pl.Series(["1970-01-02"]), where="a.csv, column t", first_row=2).to_list()
    [86400000000]
    """
    if values.dtype in (pl.Binary, pl.Categorical, pl.Enum):
        values = values.cast(pl.String)
    reject = partial(_reject, values, where=where, first_row=first_row, form=form)
    try:
        times = _converted(values, form, where=where, reject=reject)
    except Ambiguous as ambiguous:
        raise _ambiguous(ambiguous, where=where, first_row=first_row) from None
    reject(~times.is_between(*_YEARS_1_TO_9999))
    return times


def check_time_format(form: str) -> None:
    """Raise `UserError` where a format is none."""
    if form in (*_UNIT_FORMATS, _EXCEL, *ORDERS):
        return
    if not is_pattern(form):
        raise UserError(
            f"'{form}' is no format of times.",
            where="--time-format",
            expected="a pattern such as '%d/%m/%Y %H:%M' with a day, an hour together with a "
            f"minute, or one of {', '.join((*ORDERS, *_UNIT_FORMATS, _EXCEL))}",
            remedy="Correct the pattern; its signs are those of strptime.",
        )


def time_notes(times: pl.Series, name: str = "time") -> list[str]:
    """What is strange about the times of a log, in lines.

    Args:
        times: Int64, seconds since 1970.
        name: of the column.
    """
    earliest, latest = times.min(), times.max()
    if not isinstance(earliest, int) or not isinstance(latest, int):
        return []
    limit = int(datetime.now(UTC).timestamp()) + 3 * 366 * 86_400
    notes = []
    if earliest >= _EXCEL_EPOCH and latest < _EXCEL_END:
        day = datetime.fromtimestamp((latest - _EXCEL_EPOCH) * 86_400, UTC)
        notes.append(
            f"warning: {name}: numbers from {earliest:,} to {latest:,} are read as seconds since "
            f"1970; if they are days of a spreadsheet ({latest} is {day:%Y-%m-%d}), give "
            f"--time-format {_EXCEL}"
        )
    elif earliest >= 0 and latest < 100_000_000:
        notes.append(
            f"{name}: numbers from {earliest:,} to {latest:,} are no dates of our time; they are "
            "read as seconds, by which rows are ordered"
        )
    for mask, words in ((times < 0, "before 1970"), (times > limit, "in the future")):
        if (latest > limit or earliest < 0) and (count := int(mask.sum())):
            first = datetime(1970, 1, 1, tzinfo=UTC).timestamp() + int(times.filter(mask)[0])
            notes.append(
                f"warning: {name}: {count:,} of {len(times):,} rows are {words}, such as "
                f"{_day(first)}; is the unit or the format another (--time-format)?"
            )
    if earliest == 0 and latest >= 100_000_000:
        count = int((times == 0).sum())
        notes.append(
            f"{name}: {count:,} rows are of 1970-01-01 00:00, as a missing time of 0 reads"
        )
    return notes


def _day(seconds: float) -> str:
    days = pl.Series([int(seconds)]).cast(pl.Int64) * SECOND
    return str(days.cast(pl.Datetime("us")).dt.date()[0])


def _converted(
    values: pl.Series, form: str | None, *, where: str, reject: Callable[..., None]
) -> pl.Series:
    dtype = values.dtype
    if dtype == pl.Date or dtype == pl.Datetime:
        return values.cast(pl.Datetime("us", getattr(dtype, "time_zone", None))).to_physical()
    if dtype == pl.Null:
        return values.cast(pl.Int64)
    if dtype != pl.String and not dtype.is_numeric():
        raise UserError(f"Values of type {dtype} are not times.", where=where, expected=_EXPECTED)
    if form is not None and form not in ORDERS:
        return _by_format(values, form, reject)
    return _from_text(values, form, reject) if dtype == pl.String else _from_numbers(values, reject)


def _by_format(values: pl.Series, form: str, reject: Callable[..., None]) -> pl.Series:
    text = values
    if values.dtype != pl.String:
        whole = values.cast(pl.Int64, strict=False)
        is_whole = (whole == values).fill_null(False)
        text = whole.cast(pl.String).zip_with(is_whole, values.cast(pl.String))
    text = stripped(text)
    text = text.set(is_missing(text), None)
    if form == _EXCEL or form in _UNIT_FORMATS:
        numbers = text.cast(pl.Float64, strict=False)
        reject((numbers.is_null() & text.is_not_null()) | numbers.is_infinite())
        if form == _EXCEL:
            seconds = ((numbers - _EXCEL_EPOCH) * 86_400).round()
            reject(seconds.abs() > _YEARS_1_TO_9999[1] / SECOND)
            return seconds.cast(pl.Int64) * SECOND
        _, factor, divisor = _UNIT_FORMATS[form]
        reject((numbers / divisor * factor).abs() > _YEARS_1_TO_9999[1])
        whole = text.cast(pl.Int64, strict=False)
        if whole.null_count() == text.null_count():
            return whole // divisor * factor
        return (numbers * factor / divisor).floor().cast(pl.Int64)
    parsed = from_pattern(text, form)
    reject(parsed.is_null() & text.is_not_null())
    return parsed


def _from_numbers(values: pl.Series, reject: Callable[..., None]) -> pl.Series:
    if values.dtype.is_float():
        # What is not finite is missing.
        values = values.set(~values.is_finite(), None)
    size = values.cast(pl.Float64).abs()
    largest = size.max()
    if not isinstance(largest, float):
        return values.cast(pl.Int64)
    if largest >= 19_000_101 and (times := _calendar(values, reject)) is not None:
        return times
    unit = next(number for number, (limit, _, _) in enumerate(_UNITS) if largest < limit)
    if unit > 0:
        # 1e8 is 1973 in seconds: a smaller number may be early, a larger one is of another unit.
        stray = (size >= 1e8) & (size < _UNITS[unit - 1][0])
        reject(stray, beside=f" beside {_UNIT_NAMES[unit]}")
    _, factor, divisor = _UNITS[unit]
    reject(size / divisor * factor > _YEARS_1_TO_9999[1])
    if values.dtype.is_float():
        return (values * factor / divisor).floor().cast(pl.Int64)
    return (values // divisor).cast(pl.Int64) * factor


def _calendar(values: pl.Series, reject: Callable[..., None]) -> pl.Series | None:
    """Times that digits write as a calendar does; None where most are numbers.

    Only a few years of epoch seconds look like the calendar of today, and all would have to.
    """
    some = values.drop_nulls()
    some = some.gather_every(max(1, len(some) // 200))
    if _digits_as_times(some).null_count() > (1 - _CALENDAR_SHARE) * len(some):
        return None
    times = _digits_as_times(values)
    bad = times.is_null() & values.is_not_null()
    if bad.sum() > (1 - _CALENDAR_SHARE) * values.count():
        return None
    reject(bad, beside=" as a time of the calendar in digits")
    return times


def _digits_as_times(values: pl.Series) -> pl.Series:
    text = values.cast(pl.Int64, strict=False).cast(pl.String)
    lengths = text.str.len_bytes()
    times = pl.repeat(None, len(text), dtype=pl.Int64, eager=True)
    first, last = (
        int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * SECOND for year in _CALENDAR_YEARS
    )
    for length in lengths.drop_nulls().unique():
        if length not in _CALENDAR:
            continue
        own = (lengths == length).fill_null(False)
        digits = text.set(~own, None)
        if length == 10:
            digits = digits + "00"
        parsed = from_pattern(digits, _CALENDAR[length])
        # Ten digits of the years before 1970 are the epoch seconds of 2030.
        earliest = 0 if length == 10 else first
        times = parsed.set(~parsed.is_between(earliest, last), None).zip_with(own, times)
    return times


def _from_text(values: pl.Series, order: str | None, reject: Callable[..., None]) -> pl.Series:
    text = stripped(values)
    whole = text.cast(pl.Int64, strict=False)
    if whole.null_count() == text.null_count():
        return _from_numbers(whole, reject)
    text = text.set(is_missing(text), None)
    numbers = text.cast(pl.Float64, strict=False)
    total, count = text.count(), numbers.count()
    if not total:
        return text.cast(pl.Int64)
    # Most values say what the column is, not the first.
    first_is_number = not text.drop_nulls().head(1).cast(pl.Float64, strict=False).has_nulls()
    if 2 * count > total or (2 * count == total and first_is_number):
        reject(numbers.is_null() & text.is_not_null())
        whole = text.cast(pl.Int64, strict=False)
        exact = whole.null_count() == text.null_count()
        return _from_numbers(whole if exact else numbers, reject)
    times = from_text(text, order)
    reject(times.is_null() & text.is_not_null())
    return times


def _ambiguous(found: Ambiguous, *, where: str, first_row: int) -> UserError:
    readings = " or ".join(f"{day:%Y-%m-%d}" for day in found.readings)
    formats = " or ".join(f"--time-format '{form}'" for form in found.formats)
    return BadCells(
        f"The dates can be read in {len(found.readings)} ways: '{found.text}' is {readings}",
        [found.row],
        place=where,
        first_row=first_row,
        expected="dates of which some say whether the day or the month comes first",
        remedy=f"Say which: {formats}",
        is_counted=False,
    )


def _reject(
    values: pl.Series,
    bad: pl.Series,
    *,
    where: str,
    first_row: int,
    form: str | None = None,
    beside: str = "",
) -> None:
    rows = bad.arg_true()
    if len(rows):
        shown = values.slice(rows[0], 1).cast(pl.String).item()
        as_format = f" as --time-format '{form}'" if form else ""
        raise BadCells(
            f"The time '{shown}' does not parse{beside}{as_format}",
            rows.to_list(),
            place=where,
            first_row=first_row,
            expected=f"times written as '{form}' says" if form else _EXPECTED,
            remedy="Mend the value, say how times are written with --time-format, name another "
            "column with --time-column, or leave time out with --time-column ''.",
        )
