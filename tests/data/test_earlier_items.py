import numpy as np
import polars as pl

from kit.data._earlier_items import earlier_items


def naive(user, time, item, counts, most):
    lists = []
    for u, t in zip(user, time, strict=True):
        before = [
            (time[n], n) for n in range(len(user)) if counts[n] and user[n] == u and time[n] < t
        ]
        lists.append([item[n] for _, n in sorted(before)][-most:])
    return lists


def test_against_the_definition():
    draw = np.random.default_rng(0)
    rows = 300
    user, time = draw.integers(0, 12, rows), draw.integers(0, 40, rows) * 1000
    item = pl.Series([f"i{n}" for n in draw.integers(0, 20, rows)])
    for share, most in ((1.0, 100), (0.4, 3)):
        counts = draw.random(rows) < share
        found = earlier_items(user, time, item, counts, most=most)
        assert found.to_list() == naive(user, time, item, counts, most)


def test_nobody_has_a_past():
    found = earlier_items(
        np.array([0, 1]), np.array([5, 5]), pl.Series(["a", "b"]), np.ones(2, bool), most=9
    )
    assert found.to_list() == [[], []]
