import numpy as np
import pytest

from kit.evaluation import ranking_task
from tests.evaluation.small import dataset, shop


def rows(histories):
    return [
        sorted(histories.items[a:b].tolist())
        for a, b in zip(histories.offsets[:-1], histories.offsets[1:], strict=True)
    ]


def test_the_test_task_of_a_split_by_time():
    task = ranking_task(shop(), "test")
    assert task.users.tolist() == [0, 1, 2]
    assert rows(task.relevant) == [[3], [4], [0]]
    assert rows(task.seen) == [[0, 1, 2], [1, 2, 3], [1, 3, 4]]
    assert rows(task.known) == rows(task.seen)
    assert task.popularity.tolist() == pytest.approx([1 / 3, 1, 1 / 3, 1 / 3, 1 / 3])


def test_the_valid_task_knows_and_leaves_out_train_alone():
    task = ranking_task(shop(), "valid")
    assert task.users.tolist() == [0, 1]
    assert rows(task.relevant) == [[2], [3]]
    assert rows(task.seen) == rows(task.known) == [[0, 1], [1, 2]]


def test_what_is_left_out_is_counted():
    assert ranking_task(shop(), "test").counts == {
        "users": 3,
        "users_eligible": 3,
        "users_in_part": 4,
        "rows_in_part": 7,
        "rows_evaluated": 3,
        "rows": 5,
        "rows_item_not_in_train": 1,
        "rows_repeating_seen": 1,
    }
    assert ranking_task(shop(), "valid").counts["rows_repeating_seen"] == 1


def test_the_share_that_could_be_evaluated_is_stated():
    assert ranking_task(shop(), "test").evaluated == (
        "3 of 4 test users (75.0%) and 3 of 7 test rows (42.9%) could be evaluated"
    )
    assert ranking_task(shop(), "test", exclude_seen=False).counts["rows_evaluated"] == 4


def test_rows_that_repeat_within_test_and_users_not_drawn_count_as_evaluated():
    train = [(0, 0), (1, 1), (2, 2)]
    data = dataset(train, [], [(0, 1), (0, 1), (1, 2), (2, 3)], num_users=3, num_items=3)
    task = ranking_task(data, "test", max_users=1)
    assert len(task.users) == 1
    assert task.evaluated == (
        "2 of 3 test users (66.7%) and 3 of 4 test rows (75.0%) could be evaluated"
    )


@pytest.mark.parametrize("method", ["time", "leave-one-out", "given", "random"])
def test_valid_items_are_known_at_test_time_as_exports_know_them(method):
    task = ranking_task(shop(method), "test")
    assert rows(task.known) == rows(task.seen)
    assert "recommenders know the user's train and valid items" in task.protocol


def test_seen_items_may_be_kept_in():
    task = ranking_task(shop(), "test", exclude_seen=False)
    assert rows(task.seen) == [[], [], []]
    assert rows(task.relevant) == [[2, 3], [4], [0]]
    assert task.counts["rows_repeating_seen"] == 0
    assert "train and valid items of the user kept in" in task.protocol


def test_cold_users_are_a_task_of_their_own():
    task = ranking_task(shop(), "test", who="cold")
    assert task.users.tolist() == [3]
    # What the cold user took in valid is known at test time, and so is no longer to be found.
    assert rows(task.known) == rows(task.seen) == [[0]]
    assert rows(task.relevant) == [[1]]
    assert task.counts["rows"] == 2
    assert "1 of 1 cold users" in task.protocol


def test_a_user_with_only_items_that_are_not_in_train_is_left_out_and_counted():
    data = dataset([(0, 0), (1, 1)], [], [(0, 2), (1, 0)], num_users=2, num_items=2)
    task = ranking_task(data, "test")
    assert task.users.tolist() == [1]
    assert task.counts["rows_item_not_in_train"] == 1


def test_an_item_taken_twice_in_test_is_to_be_found_once():
    data = dataset([(0, 0), (1, 1)], [], [(0, 1), (0, 1)], num_users=2, num_items=2)
    assert rows(ranking_task(data, "test").relevant) == [[1]]


def test_some_users_drawn_at_random():
    users, items = 40, 50
    train = [(user, user) for user in range(users)] + [(0, item) for item in range(items)]
    data = dataset(
        train, [], [(user, 45) for user in range(users)], num_users=users, num_items=items
    )
    task = ranking_task(data, "test", max_users=10)
    assert len(task.users) == len(task.relevant) == len(task.seen) == len(task.known) == 10
    assert (np.diff(task.users) > 0).all()
    assert task.counts["users"] == 10
    assert task.counts["users_eligible"] == users - 1
    assert "10 of 39 warm users drawn at random" in task.protocol
    again = ranking_task(data, "test", max_users=10)
    other = ranking_task(data, "test", max_users=10, seed=1)
    assert task.users.tolist() == again.users.tolist() != other.users.tolist()


def test_a_part_without_rows_gives_a_task_without_users():
    data = dataset([(0, 0), (1, 1)], [], [(0, 1)], num_users=2, num_items=2)
    task = ranking_task(data, "valid")
    assert len(task.users) == 0
    assert task.protocol.startswith("valid, 0 of 0 warm users")
