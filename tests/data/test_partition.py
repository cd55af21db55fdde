import numpy as np
import pytest

from kit.data._partition import TEST, TRAIN, VALID, Rows, at_random, by_time, given, leave_one_out
from kit.errors import UserError

DAY = 86_400
MAY = 1_714_521_600  # 2024-05-01


def rows(
    user: list[int] | np.ndarray,
    time: list[int] | np.ndarray | None = None,
    *,
    parts: list[int] | None = None,
    seed: int = 0,
) -> Rows:
    return Rows(
        user=np.asarray(user, np.int32),
        time=None if time is None else np.asarray(time, np.int64),
        given=None if parts is None else np.asarray(parts),
        seed=seed,
        valid_share=0.1,
        test_share=0.1,
    )


def test_time_cuts_at_quantiles() -> None:
    part, words = by_time(rows([0] * 10, [MAY + DAY * n for n in (9, 1, 2, 3, 4, 5, 6, 7, 8, 0)]))
    assert part.tolist() == [TEST] + [TRAIN] * 7 + [VALID] + [TRAIN]
    assert words == (
        "time: train < 2024-05-09 <= valid < 2024-05-10 <= test (80/10/10 % of rows, UTC)"
    )


def test_rows_of_one_time_stay_together() -> None:
    time = np.random.default_rng(0).integers(0, 30, 1_000)
    part, _ = by_time(rows(np.zeros(1_000, int), time))
    for moment in range(30):
        assert len(set(part[time == moment])) == 1
    assert time[part == TRAIN].max() < time[part == VALID].min()
    assert time[part == VALID].max() < time[part == TEST].min()


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ([1] * 98 + [2, 3], [TRAIN] * 98 + [VALID, TEST]),
        ([1, 2] + [3] * 98, [TRAIN, TRAIN] + [TEST] * 98),
        ([1] * 50 + [2] * 50, [TRAIN] * 50 + [TEST] * 50),
        ([1] * 5, [TEST] * 5),
    ],
)
def test_few_distinct_times(time: list[int], expected: list[int]) -> None:
    part, words = by_time(rows([0] * len(time), time))
    assert part.tolist() == expected
    assert ("no valid" in words) == (VALID not in expected)


def test_counters_are_said_as_they_are() -> None:
    _, words = by_time(rows([0] * 10, range(10)))
    assert words == "time: train < 8 <= valid < 9 <= test (80/10/10 % of rows)"


def test_without_time_there_is_no_split_by_time() -> None:
    with pytest.raises(UserError, match=r"no time(.|\n)*--time-column"):
        by_time(rows([0, 1]))


def test_leave_one_out_takes_the_last_two_by_time() -> None:
    part, words = leave_one_out(rows([0, 0, 0, 0, 1, 1, 2], [4, 1, 3, 2, 1, 2, 1]))
    assert part.tolist() == [TEST, TRAIN, VALID, TRAIN, TRAIN, TRAIN, TRAIN]
    assert "by time" in words
    assert "fewer than 3 events wholly in train" in words


def test_leave_one_out_without_time_goes_by_the_file_and_says_so() -> None:
    part, words = leave_one_out(rows([0, 1, 0, 1, 1, 0]))
    assert part.tolist() == [TRAIN, TRAIN, VALID, VALID, TEST, TEST]
    assert "order of the file, as there is no time" in words


def test_rows_of_one_time_go_by_the_file() -> None:
    part, _ = leave_one_out(rows([0, 0, 0], [5, 5, 5]))
    assert part.tolist() == [TRAIN, VALID, TEST]


def test_random_takes_shares_of_each_user() -> None:
    sizes = [2, 3, 9, 10, 25, 200]
    user = np.repeat(np.arange(len(sizes)), sizes)
    part, words = at_random(rows(user))
    counts = [[int((part[user == u] == p).sum()) for p in (VALID, TEST)] for u in range(len(sizes))]
    assert counts == [[0, 0], [1, 1], [1, 1], [1, 1], [2, 2], [20, 20]]
    assert words.startswith("random: 80/10/10 % of each user's rows, seed 0")


def test_random_follows_the_seed() -> None:
    user = np.repeat(np.arange(20), 10)
    first, again, other = (at_random(rows(user, seed=seed))[0] for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_given_parts_stay() -> None:
    part, words = given(rows([0, 0, 0], parts=[TRAIN, VALID, TEST]))
    assert part.tolist() == [TRAIN, VALID, TEST]
    assert words == "given: train, valid and test as the source has them"


def test_a_missing_valid_is_cut_from_the_end_of_train() -> None:
    parts = [TRAIN] * 20 + [TEST] * 2
    part, words = given(rows([0] * 22, [MAY + DAY * n for n in range(22)], parts=parts))
    assert part.tolist() == [TRAIN] * 18 + [VALID] * 2 + [TEST] * 2
    assert words == (
        "given: train and test as the source has them; "
        "valid is the last 10% of train by time (from 2024-05-19); ordered in time"
    )


@pytest.mark.parametrize(
    ("times", "is_ordered"),
    [
        ([1, 2, 3, 4, 5, 6], True),
        ([1, 2, 2, 3, 3, 9], True),
        ([1, 4, 3, 4, 5, 6], False),
        ([1, 2, 3, 6, 5, 6], False),
        ([5, 6, 3, 4, 1, 2], False),
        ([7, 7, 7, 7, 7, 7], False),
        (None, False),
    ],
    ids=["apart", "equal ends", "train late", "valid late", "backwards", "one time", "no time"],
)
def test_given_parts_that_follow_each_other_in_time_are_ordered(times, is_ordered) -> None:
    parts = [TRAIN, TRAIN, VALID, VALID, TEST, TEST]
    _, words = given(rows([0] * 6, times, parts=parts))
    assert words.endswith("; ordered in time") == is_ordered


def test_a_valid_cut_from_train_is_not_before_a_test_that_overlaps_it() -> None:
    times = [MAY + DAY * n for n in range(20)] + [MAY + DAY * 19 - 1]
    _, words = given(rows([0] * 21, times, parts=[TRAIN] * 20 + [TEST]))
    assert "valid is the last 10% of train by time" in words
    assert not words.endswith("ordered in time")


def test_a_missing_valid_without_time_is_drawn() -> None:
    part, words = given(rows([0] * 20 + [1] * 5, parts=[TRAIN] * 20 + [TEST] * 5, seed=3))
    assert [(part == number).sum() for number in (TRAIN, VALID, TEST)] == [18, 2, 5]
    assert "10% of each user's rows of train at random, seed 3" in words


def test_train_of_one_time_has_no_end_to_cut() -> None:
    part, words = given(rows([0] * 4, [MAY] * 4, parts=[TRAIN] * 3 + [TEST]))
    assert part.tolist() == [TRAIN] * 3 + [TEST]
    assert "no valid" in words


def test_given_needs_parts() -> None:
    with pytest.raises(UserError, match="not a given split"):
        given(rows([0]))
