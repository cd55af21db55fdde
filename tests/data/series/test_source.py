from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from kit.data.series import FREQUENCIES, SeriesColumns, open_series
from kit.errors import UserError

DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(40)]


def table(values=range(40), **columns):
    return pl.DataFrame({"date": DAYS, "y": list(values), **columns})


def refused(source, **options):
    with pytest.raises(UserError) as raised:
        open_series(source, **options)
    return raised.value


def write(folder, text):
    (folder / "sales.csv").write_text(text)
    return str(folder / "sales.csv")


def test_a_long_table_becomes_a_grid(tmp_path):
    text = "sku,date,quantity\nb,2024-01-02,5\na,2024-01-01,1\na,2024-01-03,3\n"
    source = open_series(write(tmp_path, text))
    assert source.series == ("a", "b")
    assert source.frequency.name == "day"
    assert source.frequency.texts([source.first]) == ["2024-01-01"]
    np.testing.assert_array_equal(source.values, [[1, np.nan, 3], [np.nan, 5, np.nan]])
    assert source.outcome == "count"


def test_gaps_are_missing_or_zero_and_told():
    frame = table(series=["a"] * 20 + ["b"] * 20).filter(pl.col("y") != 10)
    assert np.isnan(open_series(frame).values[0, 10])
    source = open_series(frame, gaps="zero")
    assert source.values[0, 10] == 0
    assert np.isnan(source.values[1, :20]).all()  # b did not exist
    assert "21 of 80 days have no row and are zero (--gaps)" in source.notes


def test_columns_of_a_wide_table_are_series():
    columns = SeriesColumns(targets=("y", "z"))
    source = open_series(table(z=[0.5] * 40), columns=columns)
    assert source.series == ("y", "z")
    assert source.outcome == "positive"
    np.testing.assert_array_equal(source.values[1], 0.5)


def test_sales_are_summed_and_the_unfinished_day_is_left_out():
    times = [datetime(2024, 1, day, hour) for day in range(1, 9) for hour in (9, 17)]
    frame = pl.DataFrame({"time": times[:-1], "y": [1] * 15})
    source = open_series(frame, every="day", aggregate="sum")
    assert source.values.tolist() == [[2.0] * 7]
    assert source.notes == ("the last day is unfinished and left out",)


@pytest.mark.parametrize("name", FREQUENCIES)
def test_steps_begin_where_their_dates_say(name):
    frequency = FREQUENCIES[name]
    moments = pl.Series([datetime(2023, 12, 31, 23), datetime(2024, 2, 29, 5)])
    steps = frequency.steps(moments.cast(pl.Datetime("us")).to_physical())
    expected = {
        "hour": ["2023-12-31T23:00:00", "2024-02-29T05:00:00"],
        "day": ["2023-12-31", "2024-02-29"],
        "week": ["2023-12-25", "2024-02-26"],
        "month": ["2023-12-01", "2024-02-01"],
    }
    assert frequency.texts(steps.to_list()) == expected[name]


def test_hours_weeks_and_months_are_recognised():
    for name, days in (("hour", 1 / 24), ("week", 7)):
        times = [datetime(2024, 1, 1) + timedelta(days=days * n) for n in range(30)]
        frame = pl.DataFrame({"time": times, "y": range(30)})
        assert open_series(frame).frequency.name == name
    months = [date(2020 + n // 12, n % 12 + 1, 1) for n in range(30)]
    assert open_series(pl.DataFrame({"time": months, "y": range(30)})).frequency.name == "month"


def test_a_table_without_time_or_target_is_refused():
    error = refused(pl.DataFrame({"y": [1]}))
    assert error.what == "No column is recognised as the time."
    error = refused(pl.DataFrame({"date": DAYS[:1], "left": [1], "right": [2]}))
    assert "No column is recognised as the target" in error.what
    assert "--target-column" in error.remedy


def test_a_target_with_the_name_of_another_role_is_refused():
    error = refused(table(), columns=SeriesColumns(time="date", targets=("date",)))
    assert error.what == "Column 'date' is named as time and as target."
    error = refused(table(sku=["a"] * 40), columns=SeriesColumns("sku", targets=("y", "sku")))
    assert "2 targets beside the column 'sku'" in error.what


def test_ambiguous_dates_are_refused(tmp_path):
    error = refused(write(tmp_path, "date,y\n03/04/2011,1\n04/05/2011,2\n"))
    assert "can be read in 2 ways" in error.what
    assert "--time-format" in error.remedy


def test_two_rows_of_one_step_are_refused():
    error = refused(pl.concat([table(), table().head(1)]))
    assert error.what == "Two rows are of one day, 2024-01-01 (2 such rows)."
    assert error.where == "DataFrame, row 0; DataFrame, row 40"
    assert "--aggregate sum" in error.remedy
    assert "--series-column" in error.remedy


def test_the_hour_that_daylight_saving_repeats_is_averaged_if_asked():
    times = ["2024-10-27 01:00", "2024-10-27 02:00", "2024-10-27 02:00", "2024-10-27 03:00"]
    frame = pl.DataFrame({"time": times, "y": [1, 2, 4, 5]})
    error = refused(frame)
    assert "2024-10-27T02:00:00" in error.what
    assert "daylight saving" in error.remedy
    assert open_series(frame, aggregate="mean").values.tolist() == [[1, 3, 5]]


def test_offsets_of_time_zones_are_read():
    times = ["2024-10-27T02:00:00+02:00", "2024-10-27T02:00:00+01:00"]
    source = open_series(pl.DataFrame({"time": times, "y": [1, 2]}))
    assert source.frequency.texts([source.first]) == ["2024-10-27T00:00:00"]
    assert source.values.tolist() == [[1, 2]]


def test_text_in_the_target_is_refused_and_one_way_to_write_numbers_is_read(tmp_path):
    rows = "".join(f"2024-01-{n:02},{n}\n" for n in range(1, 31))
    error = refused(write(tmp_path, f"date,y\n{rows}2024-01-31,closed\n"))
    assert error.what == "The target 'closed' is no number (1 such row)."
    assert error.where.endswith("sales.csv, row 32, column y")
    text = 'date,y\n2024-01-01,"1.234,50"\n2024-01-02,"12,5"\n'
    assert open_series(write(tmp_path, text)).values.tolist() == [[1234.5, 12.5]]


def test_infinite_values_are_refused():
    error = refused(table([float("inf"), *range(39)]))
    assert error.what == "The target is infinite (1 such rows)."
    assert error.where == "DataFrame, row 0, column y"


def test_negative_counts_are_refused():
    error = refused(table([-3, *range(39)]), outcome="count")
    assert error.what == "The target is negative: -3 (1 such days)."
    assert error.where == "DataFrame, series 'y' at 2024-01-01"
    assert open_series(table([-3, *range(39)])).outcome == "real"
    error = refused(table([0.5] * 40), outcome="count")
    assert error.what == "The target is no whole number: 0.5."


def test_times_of_no_grid_are_refused():
    times = [datetime(2024, 1, 1) + timedelta(minutes=15 * n) for n in range(9)]
    frame = pl.DataFrame({"time": times, "y": range(9)})
    error = refused(frame)
    assert "0:15:00 apart" in error.what
    assert open_series(frame, every="hour", aggregate="mean").values.tolist() == [[1.5, 5.5]]


def test_mostly_missing_series_are_refused():
    far = [date(2024, 1, 1), date(2024, 1, 2), date(2024, 12, 31)]
    error = refused(pl.DataFrame({"date": far, "y": [1, 2, 3]}))
    assert "of the days of the series have no value" in error.what
    assert "--gaps zero" in error.remedy


def test_rows_without_series_or_time_are_dropped_and_counted():
    names = ["a"] * 38 + ["", None]
    source = open_series(table(sku=names))
    assert [(step.name, step.rows) for step in source.cleaning] == [("rows without series", 2)]
    assert source.series == ("a",)
    error = refused(pl.DataFrame({"date": DAYS[:2], "sku": [None, None], "y": [1, 2]}))
    assert error.what == "No value is left: 2 rows without series."


def test_what_is_later_is_left_out_where_asked():
    source = open_series(table(), until="2024-01-10")
    assert source.values.shape == (1, 10)
    assert source.cleaning[0].name == "rows after 2024-01-10"


def test_a_giant_outlier_is_told():
    source = open_series(table([10] * 39 + [80_995]))
    (note,) = source.notes
    assert note.startswith("warning: 'y' at 2024-02-09: 80,995, more than 20 times")


@pytest.mark.parametrize("name", ["value", "_time", "_series", "_row", "_target", "row", "step"])
def test_columns_of_any_name_are_read(name):
    days = [f"2024-01-{day:02d}" for day in range(1, 11)]
    long = pl.DataFrame({"when": days, name: range(10), "price": [1.0, 2.0] * 5, "shop": "a"})
    columns = SeriesColumns(time="when", targets=(name,), series="shop", known=("price",))
    assert open_series(long, columns=columns).values[0].tolist() == list(range(10))
    wide = pl.DataFrame({"when": days, name: range(10), "other": range(10, 20)})
    source = open_series(wide, columns=SeriesColumns(time="when", targets=(name, "other")))
    assert dict(zip(source.series, source.values[:, 0], strict=True)) == {name: 0, "other": 10}
    swapped = long.rename({name: "units", "price": name})
    columns = SeriesColumns(time="when", targets=("units",), series="shop", known=(name,))
    assert open_series(swapped, columns=columns).known[0].name == name
