"""Purchases summed by day in operations of core TensorFlow."""

import numpy as np
import tensorflow as tf

from kit.exporting import days_of

DAY = 86_400


def summed(amount, time, asked, length):
    """The same by dictionaries."""
    amounts, ages = np.zeros((2, len(amount), length), np.float32)
    for row in range(len(amount)):
        days = {}
        for paid, moment in zip(amount[row], time[row], strict=True):
            if 0 < moment <= asked[row] and np.isfinite(paid) and paid:
                days[moment // DAY] = days.get(moment // DAY, 0) + paid
        kept = [day for day in sorted(days) if days[day] != 0][-length:]
        amounts[row, : len(kept)] = [days[day] for day in kept]
        ages[row, : len(kept)] = [max(asked[row] // DAY - day, 1) for day in kept]
    return amounts, ages


def test_days_are_summed_in_any_order_and_of_any_number():
    rng = np.random.default_rng(0)
    asked = np.array([100, 130, 7, 300]) * DAY + 500
    for count in (0, 1, 5, 40):
        amount = rng.integers(-2, 9, (4, count)).astype(np.float32)
        time = rng.integers(0, 330, (4, count)) * (DAY // 2)
        amount[rng.random((4, count)) < 0.1] = np.nan
        found = days_of(tf.constant(amount), tf.constant(time), tf.constant(asked), 8)
        for ours, theirs in zip(found, summed(amount, time, asked, 8), strict=True):
            np.testing.assert_array_equal(ours, theirs)
