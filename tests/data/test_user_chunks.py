import numpy as np
import pytest

from kit.data import Events, _events, counted, iter_user_chunks


@pytest.fixture(autouse=True)
def few_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_events, "ROWS_AT_ONCE", 5)


def events(user: np.ndarray) -> Events:
    return Events(user.astype(np.int32), np.arange(len(user), dtype=np.int32), None, None)


@pytest.mark.parametrize("grouped", [False, True])
def test_every_event_comes_once_in_its_order(grouped: bool) -> None:
    user = np.random.default_rng(0).integers(0, 9, 40)
    parts = [events(np.sort(user) if grouped else user), events(user[:7])]
    turns = list(iter_user_chunks(parts, 8))
    assert [code for users, _ in turns for code in users] == list(range(8))
    assert len(turns) > 3
    for users, some in turns:
        for part, its in zip(parts, some, strict=True):
            of_users = np.isin(part.user, list(users))
            assert its.user.tolist() == part.user[of_users].tolist()
            assert its.item.tolist() == part.item[of_users].tolist()


def test_order_is_broken_where_two_slices_meet() -> None:
    user = np.array([0, 1, 1, 2, 3, 0])
    found = {int(i) for users, [some] in iter_user_chunks([events(user)], 4) for i in some.item}
    assert found == set(range(6))


def test_codes_are_counted() -> None:
    codes = np.array([0, 2, 2, 5, 1, 2, 0, 3], np.int32)
    assert counted(codes, 4).tolist() == [2, 1, 3, 1]
    assert counted(codes[:0], 2).tolist() == [0, 0]
