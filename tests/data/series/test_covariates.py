import sys
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from kit.data.series import FREQUENCIES, HolidayCalendar, SeriesColumns, open_series, split_series
from kit.errors import UserError

STEPS = 60
DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(STEPS)]


def table(series=("a", "b"), **columns):
    """Sales of series by day; columns are functions of a generator and the number of rows."""
    rng = np.random.default_rng(0)
    count = len(series) * STEPS
    return pl.DataFrame(
        {
            "sku": np.repeat(series, STEPS),
            "date": DAYS * len(series),
            "sales": rng.poisson(9, count),
            **{name: make(rng, count) for name, make in columns.items()},
        }
    )


def price(rng, count):
    return rng.uniform(1, 2, count).round(2)


def promotion(rng, count):
    return rng.choice(["big", "none", "small"], count)


def opened(frame, known=(), static=(), **options):
    return open_series(frame, columns=SeriesColumns(known=known, static=static), **options)


def refused(frame, known=(), static=(), **options):
    with pytest.raises(UserError) as raised:
        split_series(opened(frame, known, static, **options), horizon=4, origins=2)
    return raised.value


def test_kinds_are_found_and_told():
    frame = table(price=price, promotion=promotion, brand=lambda rng, n: np.repeat(["x", "y"], 60))
    source = opened(frame, ["price,promotion"], ["brand"])
    prices, promotions = source.known
    np.testing.assert_allclose(prices.values, frame["price"].to_numpy().reshape(2, STEPS))
    assert promotions.raw(promotions.values)[1].tolist() == frame["promotion"][STEPS:].to_list()
    assert [source.static[0].raw(source.static[0].values).tolist()] == [["x", "y"]]
    low, high = frame["price"].min(), frame["price"].max()
    assert f"known: 'price', a number from {low:g} to {high:g}" in source.notes
    assert "known: 'promotion', one of 3 texts" in source.notes
    assert "static: 'brand', one of 2 texts" in source.notes
    assert any("as if foreseen without error" in note for note in source.notes)


def test_what_all_series_share_holds_for_those_without_a_row():
    weather = np.arange(STEPS) % 7
    frame = table(weather=lambda rng, n: np.tile(weather, 2)).filter(
        (pl.col("sku") == "a") | (pl.col("date").dt.day() % 3 > 0)
    )
    (found,) = opened(frame, ["weather"]).known
    np.testing.assert_array_equal(found.values, [weather, weather])


def test_rare_texts_are_one():
    frame = table(["a"], code=lambda rng, n: [f"x{number:02}" for number in range(n)])
    source = opened(frame, ["code"])
    assert len(source.known[0].categories) == 32
    assert "known: 'code', one of 60 texts, of which the 32 most frequent count" in source.notes


def test_several_rows_of_a_step_are_averaged_or_the_most_frequent_text_counts():
    frame = pl.concat([table(["a"], price=price, promotion=promotion)] * 2).with_row_index()
    frame = pl.concat([frame, frame.tail(60).with_columns(price=pl.lit(4.0))])
    first, second = opened(frame, ["price", "promotion"], aggregate="sum").known
    np.testing.assert_allclose(first.values[0], (2 * frame["price"][:60].to_numpy() + 4) / 3, 1e-6)
    assert second.raw(second.values)[0].tolist() == frame["promotion"][:60].to_list()


@pytest.mark.parametrize(
    "leak", [lambda x: x, lambda x: 3 - 2 * x, lambda x: x * pl.Series([1.5] * 60 + [9.9] * 60)]
)
def test_a_column_that_is_the_target_is_refused(leak):
    frame = table()
    error = refused(frame.with_columns(revenue=leak(frame["sales"])), ["revenue"])
    assert error.what.startswith("'revenue' is the target, or follows from it")
    assert "--known" in error.remedy


def test_a_text_that_tells_the_target_is_refused():
    frame = table().with_columns(level=pl.format("L{}", pl.col("sales") % 3), y=pl.col("sales") % 3)
    columns = SeriesColumns(targets=["y"], known=["level"])
    with pytest.raises(UserError, match="'level' is the target"):
        open_series(frame, columns=columns)


def test_what_moves_with_the_target_is_told():
    frame = table()
    noise = np.random.default_rng(1).normal(0, 0.5, len(frame))
    source = opened(frame.with_columns(clicks=frame["sales"] + noise), ["clicks"])
    assert any("'clicks' moves with the target (correlation 0.9" in note for note in source.notes)


def test_a_value_only_where_something_is_sold_tells_the_sales():
    frame = table(price=price)
    sold = frame.filter(pl.col("sales") > 8)
    error = refused(sold, ["price"], gaps="zero")
    assert "so it tells whether something is sold" in error.what
    assert "Add rows" in error.remedy


def with_future(frame, **columns):
    rows = {
        "sku": ["a"] * 5,
        "date": [DAYS[-1] + timedelta(days=n) for n in range(1, 6)],
        "sales": [None] * 5,
    }
    return pl.concat([frame, pl.DataFrame(rows | columns, schema=frame.schema)])


def test_rows_of_the_future_are_left_out_and_told():
    source = opened(with_future(table(price=price), price=[1.5] * 5), ["price"])
    assert source.values.shape == source.known[0].values.shape == (2, STEPS)
    assert [(x.name, x.rows) for x in source.cleaning] == [
        ("rows after the last value of the target", 5)
    ]


def test_a_column_without_a_value_in_the_future_is_refused():
    error = refused(with_future(table(price=price), price=[None] * 5), ["price"])
    assert error.what.startswith("'price' has no value in the 5 rows after the last value")
    assert "after 2024-02-29" in error.where


def test_a_column_that_ends_before_the_steps_to_forecast_is_refused():
    ended = pl.when(pl.col("date") < DAYS[45]).then("price")
    error = refused(table(price=price).with_columns(price=ended), ["price"])
    assert error.what.startswith("'price' has no value in 94% of the days of valid and test")
    assert "series 'a' at 2024-02-15" in error.where
    some = table(price=price).with_columns(price=pl.when(pl.col("date") != DAYS[50]).then("price"))
    notes = split_series(opened(some, ["price"]), horizon=4, origins=2).notes
    assert any("'price' has no value in 6.2% of the days of valid and test" in x for x in notes)


def test_a_static_column_has_one_value_in_each_series():
    error = refused(table(brand=promotion), static=["brand"])
    assert error.what == "'brand' is not constant within series 'a': big, none."
    assert "--known brand" in error.remedy
    frame = table(["a"], brand=promotion).drop("sku")
    error = refused(frame.rename({"sales": "y"}), static=["brand"])
    assert "no column names the series" in error.what


def test_a_column_has_one_role():
    frame = table(price=price)
    with pytest.raises(UserError, match="'sku' is named as series and as known"):
        open_series(frame, columns=SeriesColumns("sku", known=["sku"]))
    error = refused(frame, ["price"], ["price"])
    assert error.what == "Column 'price' is named as known and as static."
    assert error.remedy == "Change --known or --static."
    assert refused(frame, ["price", "price"]).what == "Column 'price' is named twice."
    assert "There is no column 'prize'" in refused(frame, ["prize"]).what


def test_an_infinite_covariate_is_refused():
    frame = table(price=price)
    error = refused(frame.with_columns(price=pl.lit(float("inf"))), ["price"])
    assert error.what.startswith("The covariate is infinite")


def test_returns_are_set_off_or_left_out():
    times = [datetime(2024, 1, day, hour) for day in range(1, 9) for hour in (9, 17)]
    amounts = [5, 1, 80_995, -80_995, 3, -9, *[2] * 10]
    frame = pl.DataFrame({"time": times, "sales": amounts})
    values = opened(frame, every="day", aggregate="sum").values
    assert values[0, :3].tolist() == [6, 0, -6]
    net = opened(frame, every="day", returns="net")
    assert net.values[0, :4].tolist() == [6, 0, 0, 4]
    assert net.outcome == "count"
    assert "1 days with more returns than sales are zero (--returns)" in net.notes
    drop = opened(frame, every="day", aggregate="sum", returns="drop")
    assert drop.values[0, :3].tolist() == [6, 80_995, 3]
    assert [(x.name, x.rows) for x in drop.cleaning] == [("returns", 2)]


def test_holidays_are_those_of_the_country_for_ten_more_years():
    pytest.importorskip("holidays")
    first, last = (
        FREQUENCIES["day"].steps(pl.Series([x]).cast(pl.Datetime("us")).to_physical())
        for x in (date(2023, 12, 1), date(2024, 3, 1))
    )
    calendar = HolidayCalendar.of("gb", FREQUENCIES["day"], first[0], last[0])
    days = [date(2023, 12, 25), date(2034, 12, 25), date(2023, 12, 27), date(2035, 12, 25)]
    steps = np.array([(day - date(1970, 1, 1)).days for day in days])
    assert calendar.of_steps(steps).tolist() == [1, 1, 0, 0]
    hours = HolidayCalendar.of("US-DC", FREQUENCIES["hour"], 24 * first[0], 24 * last[0])
    assert hours.of_steps(steps[:1] * 24 + np.arange(-1, 26)).sum() == 24
    weeks = HolidayCalendar.of("GB", FREQUENCIES["week"], first[0] // 7, last[0] // 7)
    assert weeks.of_steps((steps[:1] + 3) // 7).tolist() == [2]  # Christmas and Boxing Day


def test_holidays_are_the_last_covariate():
    pytest.importorskip("holidays")
    source = opened(table(price=price), ["price"], holidays="GB")
    assert [one.name for one in source.known] == ["price", "holidays"]
    assert source.known[1].values[:, 0].tolist() == [1, 1]  # New Year
    data = split_series(source, horizon=4, origins=2)
    assert [one.name for one in data.requested] == ["price"]


def test_a_country_without_a_calendar_is_refused():
    pytest.importorskip("holidays")
    error = refused(table(), holidays="Atlantis")
    assert error.what == "There is no calendar of holidays of 'Atlantis'."
    assert "SCT" in refused(table(), holidays="GB-XX").expected


def test_without_the_package_holidays_are_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "holidays", None)
    error = refused(table(), holidays="GB")
    assert "holidays, which is not installed" in error.what
    assert "keras-application-kit[holidays]" in error.remedy
