"""Dates in the graph, in operations of core TensorFlow: ISO dates, steps, holidays."""

from typing import Any

import tensorflow as tf

from kit.data.series import Frequency, HolidayCalendar

ISO = r"\d{4}-\d{2}-\d{2}([T ]\d{2}(:\d{2}.*)?)?"
# Of the proleptic Gregorian calendar, whose 400 years have so many days; years begin in March.
DAYS_OF_400_YEARS, DAYS_TO_1970 = 146_097, 719_468


def step_of(date: Any, frequency: Frequency) -> Any:
    """Numbers of the steps that ISO dates lie in, int64, in operations of core TensorFlow.

    Args:
        date: strings such as 2024-05-31 or 2024-05-31T18:00:00, of any shape.
        frequency: counts the steps.

    Example:

    >>> from kit.data.series import FREQUENCIES
    >>> step_of(tf.constant(["1970-01-02", "2000-03-01T07:00:00"]), FREQUENCIES["hour"]).numpy()
    array([    24, 264415])
    """
    date = tf.strings.strip(date)
    is_date = tf.reduce_all(tf.strings.regex_full_match(date, ISO))
    message = "start has to be a date such as 2024-05-31 or 2024-05-31T18:00:00."
    with tf.control_dependencies([tf.debugging.Assert(is_date, [message, date])]):
        padded = tf.strings.join([date, "T00"])
    year, month, day, hour = (
        tf.strings.to_number(tf.strings.substr(padded, place, length), tf.int64)
        for place, length in ((0, 4), (5, 2), (8, 2), (11, 2))
    )
    if frequency.name == "month":
        return (year - 1970) * 12 + month - 1
    years = year - tf.cast(month <= 2, tf.int64)
    era, of_era = years // 400, years % 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = era * DAYS_OF_400_YEARS + of_era * 365 + of_era // 4 - of_era // 100 + of_year
    days -= DAYS_TO_1970
    if frequency.name == "hour":
        return days * 24 + hour
    return (days + 3) // 7 if frequency.name == "week" else days


def dates_of(step: Any, frequency: Frequency) -> Any:
    """The ISO dates at which steps begin, in operations of core TensorFlow.

    Source: Hinnant (2014), chrono-compatible low-level date algorithms.

    Example:

    >>> from kit.data.series import FREQUENCIES
    >>> dates_of(tf.constant([0, 59], tf.int64), FREQUENCIES["day"]).numpy().tolist()
    [b'1970-01-01', b'1970-03-01']
    """
    if frequency.name == "month":
        return _joined(1970 + step // 12, step % 12 + 1, tf.ones_like(step))
    scale = {"hour": lambda x: x // 24, "day": lambda x: x, "week": lambda x: 7 * x - 3}
    days = scale[frequency.name](step) + DAYS_TO_1970
    era, of_era = days // DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS
    years = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    place = (5 * of_year + 2) // 153
    day = of_year - (153 * place + 2) // 5 + 1
    month = (place + 2) % 12 + 1
    date = _joined(era * 400 + years + tf.cast(month <= 2, tf.int64), month, day)
    if frequency.name != "hour":
        return date
    return tf.strings.join([date, "T", _digits(step % 24, 2), ":00:00"])


def _joined(year: Any, month: Any, day: Any) -> Any:
    return tf.strings.join([_digits(year, 4), _digits(month, 2), _digits(day, 2)], separator="-")


def _digits(number: Any, width: int) -> Any:
    return tf.strings.as_string(number, width=width, fill="0")


def holidays_of(step: Any, calendar: HolidayCalendar) -> Any:
    """Holidays in steps, float32 of the same shape; 0 outside the calendar.

    Example:

    >>> import numpy as np
    >>> calendar = HolidayCalendar("GB", 100, np.float32([0, 1, 0]))
    >>> holidays_of(tf.constant([99, 101, 103], tf.int64), calendar).numpy().tolist()
    [0.0, 1.0, 0.0]
    """
    counts = tf.constant(calendar.counts)
    place = (step // 24 if calendar.is_hourly else step) - calendar.first
    inside = (place >= 0) & (place < len(calendar.counts))
    return tf.where(inside, tf.gather(counts, tf.where(inside, place, 0)), 0.0)
