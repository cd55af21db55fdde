import numpy as np
import polars as pl
import pytest

from benchmarks.forgetting import auc, groups, measured
from tests.exporting.parts import passing


def log(users=60, items=30):
    """Users of two tastes."""
    rng = np.random.default_rng(0)
    rows = [
        (f"person-{user}", f"i{item}", 1_600_000_000 + int(time))
        for user in range(users)
        for item, time in zip(
            rng.choice(np.arange(user % 2, items, 2), 12, replace=False),
            np.sort(rng.integers(0, 10**7, 12)),
            strict=True,
        )
    ]
    return pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")


def test_groups_are_apart_and_depend_on_the_seed():
    gone, never, items = groups(log(), 10, 0)
    assert len({*gone} & {*never}) == 0
    assert {*items} == {*gone, *never}
    assert {len(own) for own in items.values()} == {12}
    assert groups(log(), 10, 1)[0] != gone


def test_auc_is_a_chance_with_ties_in_half():
    assert auc(np.array([2.0, 3.0]), np.array([1.0])) == 1
    assert auc(np.array([1.0, 0.0]), np.array([1.0, 0.0])) == 0.5


@pytest.mark.slow
def test_forgotten_people_are_known_before_and_not_after(tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    log().write_csv(tmp_path / "source.csv")
    (tmp_path / "run").mkdir()
    found = measured(tmp_path / "source.csv", "linear", 0, tmp_path / "run", people=8)
    assert found["auc"]["before"] > 0.6
    assert found["auc"]["after"] == pytest.approx(0.5, abs=0.2)
    assert found["hits"] == 0
