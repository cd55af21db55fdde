import numpy as np
import pytest

from kit.evaluation import Trend, choose_trend, ranking_task
from tests.evaluation.small import dataset, random_dataset

DAY = 86_400


def changed_season(method="time"):
    """In train everybody took item 0, on its last day item 1; in valid all go on with item 1."""
    users, items = 30, 4
    train = [(u, 0, 0) for u in range(users - 5)] + [(u, 1, 50 * DAY) for u in range(5)]
    train += [(u, 2 + u % 2, 0) for u in range(users)]
    valid = [(u, 1, 51 * DAY) for u in range(5, users)]
    test = [(0, 2, 99 * DAY)]
    return dataset(train, valid, test, num_users=users, num_items=items, method=method)


def test_the_prior_is_the_weighted_log_of_recent_events():
    prior = Trend(days=7, weight=2.0).prior(changed_season(), "valid")
    np.testing.assert_allclose(prior, [0, 2 * np.log(6), 0, 0], rtol=1e-6)
    at_test_time = Trend(days=7, weight=2.0).prior(changed_season(), "test")
    np.testing.assert_allclose(at_test_time, [0, 2 * np.log(31), 0, 0], rtol=1e-6)


@pytest.mark.parametrize("method", ["given", "leave-one-out", "random"])
def test_the_prior_of_test_ends_with_valid_as_histories_do(method):
    prior = Trend(days=7, weight=1.0).prior(changed_season(method), "test")
    np.testing.assert_allclose(prior, [0, np.log1p(30), 0, 0], rtol=1e-6)


def test_weight_0_or_no_times_give_no_prior():
    assert not Trend(7, 0.0).prior(changed_season(), "valid").any()
    untimed = dataset([(0, 0), (1, 1)], [], [(0, 1)], num_users=2, num_items=2)
    assert not Trend(7, 1.0).prior(untimed, "test").any()


def test_a_trend_that_helps_on_valid_is_chosen():
    data = changed_season()
    task = ranking_task(data, "valid")

    def against_the_season(users, known):
        return np.repeat(np.float32([[2, 0, 1, 1]]), len(users), axis=0)

    trend = choose_trend(data, task, against_the_season)
    assert trend.weight > 0


def test_without_a_gain_there_is_no_trend():
    data = changed_season()
    task = ranking_task(data, "valid")
    perfect = choose_trend(data, task, lambda u, k: np.repeat([[0, 9, 0, 0]], len(u), axis=0))
    assert perfect.weight == 0


@pytest.mark.parametrize(
    "data",
    [
        dataset([(0, 0), (1, 1)], [(0, 1)], [(1, 0)], num_users=2, num_items=2),
        dataset([(0, 0, 1), (1, 1, 1)], [(5, 1, 2)], [(1, 0, 3)], num_users=2, num_items=2),
    ],
    ids=["no times", "nobody in valid"],
)
def test_without_times_or_users_there_is_no_trend(data):
    task = ranking_task(data, "valid")
    assert choose_trend(data, task, lambda u, k: np.zeros([len(u), 2])).weight == 0


def test_the_scorer_is_left_as_it_was():
    data, table = random_dataset(), np.zeros([60, 25], np.float32)
    choose_trend(data, ranking_task(data, "valid"), lambda users, known: table[users])
    assert not table.any()


def test_a_gain_that_one_user_in_twenty_five_makes_is_no_reason_for_a_trend():
    data = changed_season()
    task = ranking_task(data, "valid")
    right_but_for_one = np.repeat(np.float32([[0, 9, 0, 0]]), len(task.users), axis=0)
    right_but_for_one[0] = [3, 2, 0, 0]
    trend = choose_trend(data, task, lambda users, known: right_but_for_one.copy())
    assert trend.weight == 0


def test_the_smallest_weight_that_is_enough_is_chosen():
    data = changed_season()
    task = ranking_task(data, "valid")
    gap = 0.75 * np.log(6)

    def behind_by_a_gap(users, known):
        return np.repeat(np.float32([[gap, 0, 0, 0]]), len(users), axis=0)

    assert choose_trend(data, task, behind_by_a_gap).weight == 1.0
