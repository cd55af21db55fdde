import numpy as np
import polars as pl
import pytest

from benchmarks.refit_results import backtest, periods
from tests.exporting.parts import passing

DAY = 86_400
USERS, WEEKS = 60, 20


def seasons():
    """Four new items come every four weeks, of which everybody takes another one a week."""
    rng = np.random.default_rng(0)
    rows = [
        (f"u{user}", f"i{4 * (week // 4) + item}", week * 7 * DAY + int(rng.integers(DAY)))
        for week in range(WEEKS)
        for user in range(USERS)
        for item in [(user + week) % 4]
    ]
    return pl.DataFrame(rows, schema=["user_id", "item_id", "time"], orient="row")


def test_periods_follow_each_other():
    parts = periods(seasons())
    times = {name: rows["time"] for (name,), rows in parts.group_by("split")}
    assert times["train"].max() < times["valid"].min() <= times["test"].min()
    assert len(times["test"]) == 1
    assert len(times["valid"]) == pytest.approx(len(parts) / 10, rel=0.2)


@pytest.mark.slow
def test_a_refit_is_better_on_the_next_period(tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    found = backtest(periods(seasons()), "linear", 0, tmp_path)
    assert found["users"] >= USERS - 1
    assert found["ndcg@10"]["refit"] > found["ndcg@10"]["as measured"]
    assert found["refit minus as measured"]["low"] > 0
    assert found["refit minus as measured, whole histories"]["low"] > 0
