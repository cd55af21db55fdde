import numpy as np
import polars as pl
import pytest

from kit.data import Events, Histories, _events, _histories, histories, history_before


def events(user: list[int], item: list[int], time: list[int] | None = None) -> Events:
    return Events(
        user=np.array(user, np.int32),
        item=np.array(item, np.int32),
        time=None if time is None else np.array(time, np.int64),
        weight=None,
    )


def rows_of(table: Histories) -> list[list[int]]:
    assert (table.offsets.dtype, table.items.dtype) == (np.int64, np.int32)
    bounds = zip(table.offsets[:-1], table.offsets[1:], strict=True)
    return [table.items[start:end].tolist() for start, end in bounds]


def lists(user: list[int], item: list[int], time: list[int] | None, users: int) -> list[list[int]]:
    return rows_of(histories([events(user, item, time)], users))


def packed(*rows: list[int]) -> Histories:
    offsets = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    return Histories(offsets, np.array([item for row in rows for item in row], np.int32))


def test_oldest_first_by_time() -> None:
    assert lists([0, 0, 1, 0], [3, 1, 9, 2], [30, 10, 5, 20], users=2) == [[1, 2, 3], [9]]


def test_an_item_had_twice_counts_at_its_last_time() -> None:
    assert lists([0, 0, 0], [1, 2, 1], [10, 20, 30], users=1) == [[2, 1]]


def test_rows_of_one_time_keep_their_order() -> None:
    assert lists([0, 0, 0], [3, 1, 2], [5, 5, 5], users=1) == [[3, 1, 2]]


def test_without_time_the_order_of_the_events_counts() -> None:
    assert lists([1, 0, 1, 1], [7, 8, 6, 7], None, users=2) == [[8], [6, 7]]


def test_users_beyond_are_left_out_and_cold_items_stay() -> None:
    assert lists([0, 5, 2], [100, 1, 4], None, users=3) == [[100], [], [4]]


def test_no_events_at_all() -> None:
    assert lists([], [], None, users=2) == [[], []]


def test_parts_follow_each_other_or_their_times() -> None:
    untimed = [events([0, 0], [1, 2]), events([0, 1], [1, 3])]
    assert rows_of(histories(untimed, 2)) == [[2, 1], [3]]
    timed = [events([0, 0], [1, 2], [50, 60]), events([0], [1], [10])]
    assert rows_of(histories(timed, 1)) == [[1, 2]]


def test_users_in_turns_are_the_same_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    parts = [
        events(*(rng.integers(0, most, 300).tolist() for most in (40, 9, 50))) for _ in range(2)
    ]
    at_once = histories(parts, 38)
    without = histories(parts[:1], 38).minus(parts[1:])
    for module in (_histories, _events):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 32)
    assert rows_of(histories(parts, 38)) == rows_of(at_once)
    assert rows_of(histories(parts[:1], 38).minus(parts[1:])) == rows_of(without)


def test_rows_can_be_taken_in_any_order() -> None:
    table = packed([1, 2], [], [3])
    assert rows_of(table.take(np.array([2, 0, 2, 1]))) == [[3], [1, 2], [3], []]


def test_items_can_be_left_out() -> None:
    table = packed([1, 9, 2], [9], [3])
    assert rows_of(table.below(9)) == [[1, 2], [], [3]]
    assert rows_of(table.last(1)) == [[2], [9], [3]]
    assert rows_of(table.minus([events([0, 2, 1, 2], [2, 3, 1, 9])])) == [[1, 9], [9], []]


def test_whether_a_row_contains_items() -> None:
    table = packed([1, 2], [], [3])
    asked = np.array([[2, 3], [1, 0], [3, -1]])
    assert table.contains(asked).tolist() == [[True, False], [False, False], [True, False]]


def test_the_matrix_has_a_one_for_each_item() -> None:
    dense = packed([1, 2], [], [0]).matrix(3).toarray()
    assert dense.tolist() == [[0, 1, 1], [0, 0, 0], [1, 0, 0]]


def test_padding_keeps_the_newest_in_order() -> None:
    table = packed([1, 2, 3], [], [4])
    rows = table.padded(np.array([0, 1, 2]), length=2, shift=1)
    assert rows.tolist() == [[3, 4], [0, 0], [5, 0]]
    assert packed([], []).padded(np.array([1]), length=2).tolist() == [[0, 0]]


def test_weights_are_summed_over_a_users_events_with_an_item() -> None:
    rated = Events(
        user=np.array([0, 0, 0, 1], np.int32),
        item=np.array([1, 2, 1, 2], np.int32),
        time=None,
        weight=np.array([1, 2, 3, 2], np.float32),
    )
    table = histories([rated], 2)
    assert rows_of(table) == [[2, 1], [2]]
    assert table.weights_of(rated).tolist() == [0.75, 1.5, 0.75]
    with pytest.raises(ValueError, match="no weight"):
        table.weights_of(events([0], [1]))


def test_recency_halves_with_every_half_life() -> None:
    day = 86_400
    past = histories([events([0, 0, 1], [4, 5, 6], [0, 20 * day, 30 * day])], 2, with_times=True)
    np.testing.assert_allclose(past.recency(10), [1 / 8, 1 / 2, 1])
    assert past.recency(None).tolist() == past.recency(0).tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="needs the times"):
        packed([1, 2]).recency(10)


def test_times_follow_their_items() -> None:
    parts = [
        Events(np.array(u, np.int32), np.array(i, np.int32), np.array(t, np.int64), None)
        for u, i, t in (([0, 0, 1, 0], [5, 6, 5, 7], [9, 2, 4, 5]), ([1, 0], [6, 6], [30, 20]))
    ]
    table = histories(parts, 3, with_times=True)
    assert rows_of(table) == [[7, 5, 6], [5, 6], []]
    assert table.times is not None
    assert table.times.tolist() == [5, 9, 20, 4, 30]
    rows = np.array([1, 0, 2])
    assert table.padded_times(rows, length=2).tolist() == [[4, 30], [9, 20], [0, 0]]
    for changed, times in (
        (table.take(np.array([1])), [4, 30]),
        (table.last(1), [20, 30]),
        (table.below(7), [9, 20, 4, 30]),
        (table.recoded(np.array([-1] * 6 + [0, 1])), [5, 20, 30]),
    ):
        assert changed.times is not None
        assert changed.times.tolist() == times
    assert histories(parts, 3).times is None
    with pytest.raises(ValueError, match="no times"):
        histories(parts, 3).padded_times(rows, length=2)


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
