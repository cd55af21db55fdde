from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

import kit
from kit.data.series import open_series, split_series
from kit.errors import UserError


def source(steps=100, **columns):
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(steps)]
    return open_series(pl.DataFrame({"date": days, "y": range(steps), **columns}))


def test_parts_follow_each_other_and_test_ends_with_the_series():
    data = split_series(source(), horizon=5, origins=3, stride=2)
    assert data.starts("test").tolist() == [91, 93, 95]
    assert data.starts("valid").tolist() == [82, 84, 86]
    assert data.train_end == 82
    assert data.actual("test")[0, 0].tolist() == [91, 92, 93, 94, 95]
    assert "test is the last 9 days with 3 origins, 2 apart" in data.split


def test_by_default_test_is_a_tenth_of_at_least_three_origins():
    data = split_series(source(100), horizon=7)
    assert (data.origins, data.stride) == (3, 7)
    assert split_series(source(400), horizon=4).origins == 10


def test_the_protocol_of_etth1_has_2785_windows():
    # 14,400 hours; 12, 4 and 4 months of 30 days.
    hours = open_series("bike-sharing", until="2012-08-22T23:00")
    assert hours.values.shape[1] == 14_400
    data = split_series(hours, horizon=96, origins=2785, stride=1)
    assert (data.train_end, data.starts("test")[0]) == (8640, 11_520)
    assert data.actual("test").shape == (1, 2785, 96)


@pytest.mark.parametrize("options", [{"horizon": 100}, {"horizon": 40}, {"origins": 50}])
def test_a_horizon_as_long_as_the_series_is_refused(options):
    with pytest.raises(UserError, match="too few for a horizon") as raised:
        split_series(source(), **options)
    assert "Give a shorter --horizon" in raised.value.remedy


def test_series_that_begin_after_train_are_left_out_and_told():
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(100)]
    rows = [(day, "old", 1) for day in days] + [(day, "new", 2) for day in days[90:]]
    frame = pl.DataFrame(rows, schema=["date", "sku", "y"], orient="row")
    data = kit.open(frame, kind="series", horizon=7)
    assert data.series == ("old",)
    assert data.notes[-1] == "1 series begin after train and are left out"
    assert not np.isnan(data.values).any()


def test_data_are_told_by_their_options():
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(100)]
    data = kit.open(pl.DataFrame({"when": days, "y": range(100)}), time_column="when", horizon=3)
    assert data.horizon == 3
    assert kit.data.source_kind("bike-sharing") == "series"
