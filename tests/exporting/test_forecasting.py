from datetime import date, datetime, timedelta

import numpy as np
import pytest
import tensorflow as tf

from kit.data.series import FREQUENCIES, HolidayCalendar
from kit.exporting import dates_of, holidays_of, step_of

FIRST = date(1899, 12, 28)


def test_dates_in_core_operations_are_those_of_python():
    days = [FIRST + timedelta(days=n) for n in range(0, 91_000)]
    texts = [day.isoformat() for day in days]
    steps = step_of(tf.constant(texts), FREQUENCIES["day"]).numpy()
    np.testing.assert_array_equal(steps, [(day - date(1970, 1, 1)).days for day in days])
    back = dates_of(tf.constant(steps), FREQUENCIES["day"]).numpy()
    assert [text.decode() for text in back] == texts


@pytest.mark.parametrize("name", FREQUENCIES)
def test_steps_of_every_grid_begin_where_pythons_do(name):
    frequency = FREQUENCIES[name]
    steps = np.arange(-3000, 9000, 7, dtype=np.int64)
    texts = frequency.texts(steps)
    assert [text.decode() for text in dates_of(tf.constant(steps), frequency).numpy()] == texts
    np.testing.assert_array_equal(step_of(tf.constant(texts), frequency), steps)


@pytest.mark.parametrize("text", ["2024-05-31T18:00:00Z", "2024-05-31 18:00", " 2024-05-31T18 "])
def test_a_time_of_day_is_read(text):
    step = step_of(tf.constant([text]), FREQUENCIES["hour"]).numpy()[0]
    assert FREQUENCIES["hour"].start(int(step)).replace(tzinfo=None) == datetime(2024, 5, 31, 18)
    assert FREQUENCIES["day"].texts(step_of(tf.constant([text]), FREQUENCIES["day"]).numpy()) == [
        "2024-05-31"
    ]


def test_a_start_within_a_step_belongs_to_it():
    step = step_of(tf.constant(["2024-05-31"]), FREQUENCIES["week"]).numpy()
    assert FREQUENCIES["week"].texts(step) == ["2024-05-27"]
    step = step_of(tf.constant(["2024-05-31"]), FREQUENCIES["month"]).numpy()
    assert FREQUENCIES["month"].texts(step) == ["2024-05-01"]


@pytest.mark.parametrize("text", ["", "31.05.2024", "2024-5-31", "tomorrow"])
def test_what_is_no_date_fails_the_request(text):
    with pytest.raises(tf.errors.InvalidArgumentError, match="has to be a date"):
        step_of(tf.constant([text]), FREQUENCIES["day"])


@pytest.mark.parametrize("is_hourly", [False, True])
def test_holidays_in_core_operations_are_those_of_the_calendar(is_hourly):
    rng = np.random.default_rng(0)
    calendar = HolidayCalendar("GB", 19_000, np.float32(rng.random(400) < 0.1), is_hourly)
    steps = np.arange(18_990, 19_410, dtype=np.int64) * (24 if is_hourly else 1)
    found = holidays_of(tf.constant(steps.reshape(-1, 7)), calendar).numpy()
    np.testing.assert_array_equal(found.ravel(), calendar.of_steps(steps))
    assert found.sum() == calendar.counts.sum() > 0
