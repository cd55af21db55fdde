from datetime import UTC, date, datetime

import polars as pl
import pytest

from kit.data._times import SECOND, to_microseconds
from kit.errors import UserError

MOMENT = 1_291_191_960  # 2010-12-01 08:26:00 UTC


def seconds(values: list[object] | pl.Series) -> list[float]:
    series = values if isinstance(values, pl.Series) else pl.Series(values)
    times = to_microseconds(series, where="a.csv, column t", first_row=2)
    assert times.dtype == pl.Int64
    return [time / SECOND for time in times]


@pytest.mark.parametrize(
    "value",
    [
        MOMENT,
        MOMENT * 1_000,
        MOMENT * 1_000_000,
        MOMENT * 1_000_000_000,
        float(MOMENT),
        str(MOMENT),
        f"{MOMENT}.0",
        f"{MOMENT}000",
        "1.29119196e9",
        "2010-12-01 08:26:00",
        "2010-12-01T08:26:00",
        "2010-12-01 08:26",
        " 2010-12-01T08:26:00Z ",
        "2010-12-01T09:26:00+01:00",
        "2010-12-01 03:26:00-0500",
        "2010-12-01 08:26:00.000",
        "2010-12-01T08:26:00.000000Z",
        "2010-12-01 08:26:00 UTC",
        "2010-12-01T08:26Z",
        datetime(2010, 12, 1, 8, 26),
        datetime(2010, 12, 1, 8, 26, tzinfo=UTC),
    ],
)
def test_every_way_to_write_one_moment(value: object) -> None:
    assert seconds([value]) == [MOMENT]


@pytest.mark.parametrize("value", ["2010-12-01", date(2010, 12, 1), 20_101_201, "20101201"])
def test_dates_are_midnight(value: object) -> None:
    assert seconds([value]) == [MOMENT - 8 * 3600 - 26 * 60]


def test_a_zone_is_converted() -> None:
    local = pl.Series([datetime(2010, 12, 1, 9, 26)]).dt.replace_time_zone("Europe/Paris")
    assert seconds(local) == [MOMENT]


def test_fractions_of_a_second_are_kept() -> None:
    assert seconds(["2010-12-01T08:26:00.25Z"]) == [MOMENT + 0.25]
    assert seconds([MOMENT + 0.25]) == [MOMENT + 0.25]


def test_formats_may_differ_from_row_to_row() -> None:
    assert seconds(["2010-12-01 08:26:00", "2010-12-01T08:26", "1970-01-02"]) == [
        MOMENT,
        MOMENT,
        86_400,
    ]


def test_counters_and_numbers_before_1970_are_seconds() -> None:
    assert seconds([0, 1, 2]) == [0, 1, 2]
    assert seconds([-86_400, 5]) == [-86_400, 5]


def test_eight_digits_that_are_no_dates_are_seconds() -> None:
    assert seconds([20_101_301, 20_101_201]) == [20_101_301, 20_101_201]


def test_missing_times_stay_missing() -> None:
    for values in (["", "2010-12-01", None], [None, 1.0, float("nan"), float("inf")], [None, None]):
        times = to_microseconds(pl.Series(values), where="a", first_row=2)
        assert times.null_count() >= 2
        assert times.dtype == pl.Int64


@pytest.mark.parametrize(
    "values",
    [
        ["2010-12-01", "yesterday"],
        ["1291191960", "soon"],
        ["2010-12-01", "1291191960"],
        ["2010-12-01", "2010-13-01"],
        [MOMENT * 1_000, MOMENT],
        ["1", "1e30"],
    ],
)
def test_a_value_that_does_not_parse_is_named_with_its_row(values: list[object]) -> None:
    with pytest.raises(
        UserError, match=rf"'{values[1]}'(.|\n)*a\.csv, column t, row 3(.|\n)*--time-c"
    ):
        seconds(values)


def test_years_beyond_9999_are_no_times() -> None:
    far = pl.Series([0, 300_000_000_000 * SECOND]).cast(pl.Datetime("us"))
    with pytest.raises(UserError, match=r"does not parse(.|\n)*row 3"):
        seconds(far)


def test_nanoseconds_beyond_int64_are_read() -> None:
    assert seconds(pl.Series([2**63], dtype=pl.UInt64)) == [9_223_372_036.854775]


def test_types_that_are_no_times() -> None:
    with pytest.raises(UserError, match="not times"):
        seconds(pl.Series([[1]]))
