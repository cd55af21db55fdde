import numpy as np

from kit.data import Events, user_counts


def events(*pairs: tuple[int, int]) -> Events:
    user, item = np.array(pairs, np.int32).reshape(-1, 2).T
    return Events(user, item, None, None)


def test_a_user_counts_once_whatever_the_part() -> None:
    parts = [events((0, 1), (0, 1), (2, 1), (1, 0)), events((2, 1), (2, 0), (2, 7))]
    assert user_counts(parts, 3).tolist() == [2, 2, 0]


def test_no_events() -> None:
    assert user_counts([events()], 2).tolist() == [0, 0]
