import numpy as np
import polars as pl

from kit.data._history_before import history_before


def naive(user, time, item, counts, most):
    lists = []
    for u, t in zip(user, time, strict=True):
        before = [
            (time[n], n) for n in range(len(user)) if counts[n] and user[n] == u and time[n] < t
        ]
        lists.append([item[n] for _, n in sorted(before)][-most:])
    return lists


def test_against_the_definition():
    rng = np.random.default_rng(0)
    rows = 300
    user, time = rng.integers(0, 12, rows), rng.integers(0, 40, rows) * 1000
    item = pl.Series([f"i{n}" for n in rng.integers(0, 20, rows)])
    for share, most in ((1.0, 100), (0.4, 3)):
        counts = rng.random(rows) < share
        found = history_before(user, time, item, counts, most=most)
        assert found.to_list() == naive(user, time, item, counts, most)


def test_nobody_has_a_past():
    found = history_before(
        np.array([0, 1]), np.array([5, 5]), pl.Series(["a", "b"]), np.ones(2, bool), most=9
    )
    assert found.to_list() == [[], []]
