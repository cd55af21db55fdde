import numpy as np

from kit.data import Events, user_counts


def test_events_can_be_chosen() -> None:
    user, item = np.array([0, 1, 2], np.int32), np.array([5, 6, 7], np.int32)
    timed = Events(user, item, np.array([1, 2, 3]), np.array([0.5, 1, 2], np.float32))
    keep = np.array([True, False, True])
    chosen = timed.where(keep)
    assert len(chosen) == 2
    assert (chosen.user.tolist(), chosen.item.tolist()) == ([0, 2], [5, 7])
    assert chosen.time is not None
    assert chosen.time.tolist() == [1, 3]
    plain = Events(user, item, None, None).where(keep)
    assert plain.time is None
    assert plain.weight is None


def test_events_of_some_users() -> None:
    user, item = np.array([0, 1, 0, 2], np.int32), np.array([5, 6, 7, 8], np.int32)
    chosen = np.array([True, False, True])
    assert Events(user, item, None, None).of_users(chosen).item.tolist() == [5, 7, 8]


def events(*pairs: tuple[int, int]) -> Events:
    user, item = np.array(pairs, np.int32).reshape(-1, 2).T
    return Events(user, item, None, None)


def test_a_user_counts_once_whatever_the_part() -> None:
    parts = [events((0, 1), (0, 1), (2, 1), (1, 0)), events((2, 1), (2, 0), (2, 7))]
    assert user_counts(parts, 3).tolist() == [2, 2, 0]


def test_no_events() -> None:
    assert user_counts([events()], 2).tolist() == [0, 0]
