from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from kit.data import Columns, check_time_format, open_source, time_notes, to_microseconds
from kit.data._times import SECOND
from kit.errors import UserError
from tests.data.files import write

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


@pytest.mark.parametrize(
    "value",
    [
        *("2010/12/01 08:26:00", "2010.12.01 08:26", "01.12.2010 08:26", "1.12.2010, 08:26:00"),
        *("1 Dec 2010 08:26", "01-Dec-2010 08:26:00", "Dec 1, 2010 8:26 AM"),
        *("December 1, 2010 8:26 am", "2010-12-01 08:26 AM", "2010-12-01 08:26:00,000"),
        *("20101201T082600Z", "20101201 08:26:00", "Wed Dec 01 08:26:00 2010"),
        *("Wed Dec 01 08:26:00 +0000 2010", "Wed, 01 Dec 2010 08:26:00 GMT"),
        *("Wed, 01 Dec 2010 09:26:00 +0100", "01/Dec/2010:03:26:00 -0500"),
        *("201012010826", "20101201082600", "20101201082600000", 201012010826, 20101201082600),
        *(20101201082600000, 20101201082600.0, "\u00a02010-12-01 08:26\ufeff"),
    ],
)
def test_other_ways_to_write_one_moment(value: object) -> None:
    assert seconds([value]) == [MOMENT]


@pytest.mark.parametrize("value", ["2010-W48-3", "01.12.10", "1-Dec-10", 2010120100, "2010120100"])
def test_other_ways_to_write_one_day(value: object) -> None:
    assert seconds([value]) == [MOMENT - 8 * 3600 - 26 * 60]


def test_digits_of_a_calendar_are_not_the_epoch() -> None:
    assert seconds([20231114221320, 20231201131300]) == [1_700_000_000, 1_701_436_380]
    assert seconds([2023111422, 2023120113]) == [1_699_999_200, 1_701_435_600]
    assert seconds([202311142213, 202312011313]) == [1_699_999_980, 1_701_436_380]
    # Dates beside times, in one column.
    assert seconds(["20231114", "20231114221320"]) == [1_699_920_000, 1_700_000_000]


@pytest.mark.parametrize(
    "values",
    [
        [1_700_000_000, 1_700_000_001],
        [1_999_999_999, 2_023_111_499],
        [1_700_000_000_000],
        [199_999_999_999],
        [1_700_000_000_000_000],
        [1_700_000_000_000_000_000],
    ],
)
def test_an_epoch_of_as_many_digits_stays_one(values: list[int]) -> None:
    unit = next(unit for unit in (1, 10**3, 10**6, 10**9) if values[0] / unit < 1e10)
    assert seconds(values) == [value * 10**6 // unit / 10**6 for value in values]


def test_one_time_of_the_calendar_that_is_none_is_named() -> None:
    values = [20231114221320 + n for n in range(39)] + [20231199000000]
    with pytest.raises(UserError, match=r"'20231199000000'(.|\n)*column t, row 41"):
        seconds(values)


@pytest.mark.parametrize("marker", ["NULL", "", "nan", "\\N", "None", "-", "N/A"])
@pytest.mark.parametrize("known", ["1700000000", "1700000000.5", "2023-11-14", "14.11.2023"])
def test_the_first_value_does_not_choose_the_parser(marker: str, known: str) -> None:
    times = to_microseconds(pl.Series([marker, known, known]), where="a", first_row=2)
    assert times.null_count() == 1
    assert times[0] is None
    with pytest.raises(UserError, match=r"'soon' does not parse \(1 such row\)(.|\n)*row 2"):
        to_microseconds(pl.Series(["soon", known, known]), where="a", first_row=2)


@pytest.mark.parametrize(
    ("values", "day"),
    [
        (["13/04/2023", "05/04/2023"], "2023-04-13"),
        (["04/13/2023", "04/05/2023"], "2023-04-13"),
        (["13-04-2023 10:00", "05-04-2023 11:00"], "2023-04-13"),
        (["4/13/23", "4/5/23"], "2023-04-13"),
        (["04/04/2023", "05/05/2023"], "2023-04-04"),
        (["03.04.2023", "04.05.2023"], "2023-04-03"),
    ],
)
def test_the_order_of_day_and_month_follows_from_the_column(values: list[str], day: str) -> None:
    assert seconds(values)[0] // 86_400 == (date.fromisoformat(day) - date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("03/04/2023", "--time-format '%d/%m/%Y' or --time-format '%m/%d/%Y'"),
        ("03-04-2023 10:30", "--time-format '%d-%m-%Y %H:%M' or --time-format '%m-%d-%Y %H:%M'"),
        ("03/04/2023 1:30 PM", "--time-format '%d/%m/%Y %I:%M %p' or"),
        ("03/04/12", "--time-format '%d/%m/%y' or --time-format '%m/%d/%y' or"),
    ],
)
def test_dates_of_two_readings_are_refused_and_every_remedy_works(text: str, remedy: str) -> None:
    values = pl.Series([text, text.replace("03", "05", 1)])
    with pytest.raises(UserError, match=r"can be read in \d ways(.|\n)*column t, row 2") as raised:
        to_microseconds(values, where="a.csv, column t", first_row=2)
    assert remedy in raised.value.remedy
    forms = raised.value.remedy.split("'")[1::2]
    found = {
        to_microseconds(values, where="a", first_row=2, form=form)[0] // (86_400 * SECOND)
        for form in forms
    }
    assert len(found) == len(forms) >= 2


def test_of_several_forms_the_order_can_be_said() -> None:
    values = pl.Series(["03/04/2023", "05/04/2023 10:00"])
    with pytest.raises(UserError, match="--time-format 'day-first' or --time-format 'month-first'"):
        to_microseconds(values, where="a", first_row=2)
    times = to_microseconds(values, where="a", first_row=2, form="day-first")
    assert times.cast(pl.Datetime("us")).dt.date().to_list() == [date(2023, 4, 3), date(2023, 4, 5)]


def test_columns_that_mix_orders_are_refused() -> None:
    with pytest.raises(UserError, match="does not parse"):
        seconds(["13/04/2023", "04/13/2023"])


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("%d/%m/%Y %H:%M", "01/12/2010 08:26"),
        ("%Y-%m-%d %H:%M:%S.%f", "2010-12-01 08:26:00.000000"),
        ("%Y-%m-%dT%H:%M:%S%z", "2010-12-01T09:26:00+01:00"),
        ("%d.%m.%y %I:%M %p", "01.12.10 08:26 AM"),
        ("%Y%m%d%H%M%S", 20101201082600),
        ("%Y%m%d%H%M%S", 20101201082600.0),
        ("s", MOMENT),
        ("ms", f"{MOMENT}000"),
        ("us", MOMENT * 10**6),
        ("ns", MOMENT * 10**9),
        ("excel", 40513.3513888889),
        ("excel", "40513.3513888889"),
    ],
)
def test_a_format_says_how_times_are_written(form: str, value: object) -> None:
    check_time_format(form)
    times = to_microseconds(pl.Series([value]), where="a", first_row=2, form=form)
    assert times.to_list() == [MOMENT * SECOND]


def test_what_is_not_of_the_format_is_named() -> None:
    values = pl.Series(["01/12/2010", "NULL", "2010-12-01"])
    with pytest.raises(
        UserError, match=r"'2010-12-01' does not parse as --time-format '%d/%m/%Y' \(1"
    ):
        to_microseconds(values, where="a", first_row=2, form="%d/%m/%Y")


@pytest.mark.parametrize("form", ["", "day", "%d/%m", "%Q", "dd.mm.yyyy", "%Y-%m-%d %H"])
def test_what_is_no_format_is_refused(form: str) -> None:
    with pytest.raises(UserError, match="is no format of times"):
        check_time_format(form)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([1_700_000_000, 20_231_114_221], "1 of 2 rows are in the future, such as 2611"),
        ([1_700_000_000, -5], "1 of 2 rows are before 1970, such as 1969-12-31"),
        ([45_231, 45_300], "(45300 is 2024-01-09), give --time-format excel"),
        ([0, 1, 2], "no dates of our time"),
        ([0, 1_700_000_000], "1 rows are of 1970-01-01 00:00"),
    ],
)
def test_strange_times_are_pointed_out(times: list[int], said: str) -> None:
    [note] = time_notes(pl.Series(times))
    assert said in note


def test_ordinary_times_are_not_pointed_out() -> None:
    assert time_notes(pl.Series([1_000_000_000, 1_700_000_000])) == []
    assert time_notes(pl.Series([], dtype=pl.Int64)) == []


def test_a_log_is_read_with_a_format(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "user,item,time\na,x,03/04/2023\nb,y,04/04/2023\n")
    with pytest.raises(UserError, match=r"a\.csv, column time, row 2"):
        open_source(file)
    days = open_source(file, columns=Columns(time_format="%m/%d/%Y")).interactions["time"] // 86_400
    assert days.to_list() == [(date(2023, month, 4) - date(1970, 1, 1)).days for month in (3, 4)]
    with pytest.raises(UserError, match="no format of times"):
        open_source(file, columns=Columns(time_format="soon"))


def test_rows_without_time_are_counted(tmp_path: Path) -> None:
    rows = "a,x,NULL\na,y,1700000000\nb,x,1700000001\nb,y,inf\n"
    source = open_source(write(tmp_path / "a.csv", "user,item,time\n" + rows))
    assert [(step.name, step.rows) for step in source.cleaning] == [("rows without time", 2)]
