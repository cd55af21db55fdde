from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from kit.data import Shares, cohorts, open_source
from kit.errors import UserError

DAY = 86_400


def log(rows):
    """Interactions of (user, day)."""
    frame = pl.DataFrame(rows, schema=["user_id", "day"], orient="row")
    return frame.select("user_id", time=pl.col("day") * DAY + 3600, item_id=pl.lit("i"))


def by_definition(rows, period):
    """Cohorts by dictionaries: size and users who came so many periods later."""
    first, came = {}, {}
    for user, day in rows:
        first[user] = min(first.get(user, 1 << 30), period(day))
        came.setdefault(user, set()).add(period(day))
    cells = {}
    for user, cohort in first.items():
        for later in came[user]:
            cells.setdefault((cohort, later - cohort), set()).add(user)
    return {cell: len(users) for cell, users in cells.items()}


@pytest.mark.parametrize(
    ("days", "unit", "length"), [(12, "day", 1), (90, "week", 7), (3000, "year", None)]
)
def test_retention_is_that_of_its_definition(days, unit, length):
    rng = np.random.default_rng(0)
    start = int(datetime(2020, 1, 6, tzinfo=UTC).timestamp()) // DAY
    rows = [(f"u{rng.integers(60)}", int(start + rng.integers(days))) for _ in range(500)]
    rows += [("u0", start), ("u0", start + days - 1)]

    def period(day):
        if length is None:
            return datetime.fromtimestamp(day * DAY, UTC).year
        return (day - start) // length

    found = cohorts(log(rows))
    assert found.unit == unit
    cells, begin = by_definition(rows, period), period(start)
    for cohort, size in enumerate(found.sizes):
        assert size == cells.get((begin + cohort, 0), 0)
        for later in range(1, len(found.sizes)):
            is_over = cohort + later < len(found.sizes)
            expected = cells.get((begin + cohort, later), 0) if is_over else 0
            assert found.retention.count[cohort, later - 1] == expected
            assert found.retention.of[cohort, later - 1] == (size if is_over else 0)
    np.testing.assert_array_equal(found.pooled.count, found.retention.count.sum(0))


def test_a_period_that_is_not_over_is_left_out():
    start = int(datetime(2020, 1, 6, tzinfo=UTC).timestamp()) // DAY
    rows = [(f"u{n}", start + n % 30) for n in range(90)] + [("u0", start + 32)]
    found = cohorts(log(rows))
    assert (found.unit, found.is_cut) == ("week", True)
    assert found.periods == ["2020-01-06", "2020-01-13", "2020-01-20", "2020-01-27"]


def test_repeat_rates_are_of_users_whose_horizon_is_over():
    """Half of 80 users come again after 20 days; 40 later ones cannot have yet."""
    rows = [(f"u{n}", 100) for n in range(80)] + [(f"u{n}", 120) for n in range(40)]
    rows += [(f"late {n}", 130) for n in range(40)] + [(f"u{n}", 100) for n in range(80)]
    rows += [("last", 131)]
    found = cohorts(log(rows))
    assert list(found.horizons) == [7, 30]
    assert found.repeats.count.tolist() == [0, 40]
    assert found.repeats.of.tolist() == [80, 80]
    low, high = found.repeats.interval
    # Wilson's interval of 40 of 80.
    assert (low[1], high[1]) == pytest.approx((0.3927, 0.6073), abs=1e-3)


def test_intervals_of_nothing_are_unknown():
    low, high = Shares(np.array([0, 0, 5]), np.array([0, 5, 5])).interval
    assert np.isnan([low[0], high[0]]).all()
    assert (low[1], high[2]) == (0, 1)
    assert 0 < high[1] < 1


def test_a_log_that_says_nothing_is_refused():
    with pytest.raises(UserError, match="Cohorts need times"):
        cohorts(pl.DataFrame({"user_id": ["a"], "item_id": ["b"]}))
    with pytest.raises(UserError, match="Cohorts need times"):
        cohorts(pl.DataFrame({"user_id": [], "time": []}))


def test_many_years_are_cut_to_the_latest():
    rows = [(f"u{n}", 365 * n) for n in range(40)]
    found = cohorts(log(rows))
    assert found.unit == "year"
    assert len(found.periods) == 15
    assert found.sizes.sum() <= 16


def test_months_of_the_built_in_log():
    found = cohorts(open_source("online-retail").interactions)
    assert (found.unit, found.periods[0], found.periods[-1]) == ("month", "2010-12", "2011-11")
    assert found.is_cut
    assert found.sizes[0] == 884
