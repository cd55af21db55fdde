from dataclasses import replace

import numpy as np
import pytest

from kit.data import (
    Dataset,
    Events,
    open_prepared,
    open_source,
    prepare,
    split,
    split_train_by_time,
)
from kit.errors import UserError


@pytest.fixture(scope="module")
def dataset():
    return split(open_source("online-retail", limit=3000))


def test_the_later_part_is_the_share_that_was_asked_for(dataset):
    cut = split_train_by_time(dataset, share=0.25)
    assert len(cut.train) + len(cut.valid) == len(dataset.train)
    assert 0.1 < len(cut.valid) / len(dataset.train) < 0.4
    assert (cut.num_users, cut.num_items) == (dataset.num_users, dataset.num_items)


def bursts(users, each):
    """Users who come one after the other, each for some events."""
    user = np.repeat(np.arange(users, dtype=np.int32), each)
    time = np.arange(users * each)
    item = np.arange(users * each, dtype=np.int32) % 9
    return Events(user, item, time, None)


@pytest.mark.parametrize(("users", "each"), [(50, 10), (300, 4), (300, 2)])
def test_users_who_came_one_after_the_other_are_cut_one_by_one(dataset, users, each):
    train = bursts(users, each)
    cut = split_train_by_time(replace(dataset, train=train, num_users=users))
    later = max(1, each // 5)
    assert np.bincount(cut.valid.user).tolist() == [later] * users
    last = np.array([cut.train.time[cut.train.user == user].max() for user in range(users)])
    assert (last[cut.valid.user] < cut.valid.time).all()


def test_users_who_come_back_are_cut_in_time(dataset):
    user = np.tile(np.arange(250, dtype=np.int32), 5)
    train = Events(user, user % 9, np.arange(1_250), None)
    cut = split_train_by_time(replace(dataset, train=train, num_users=250))
    assert cut.train.time.max() < cut.valid.time.min()


def test_counts_are_those_of_the_earlier_part(dataset):
    cut = split_train_by_time(dataset)
    assert dataset.user_counts.sum() > cut.user_counts.sum()


def test_without_times_rows_are_drawn(dataset):
    timeless = replace(dataset, train=replace(dataset.train, time=None))
    cut = split_train_by_time(timeless, share=0.25, seed=1)
    assert len(cut.valid) == pytest.approx(len(dataset.train) / 4, rel=0.02)
    np.testing.assert_array_equal(
        cut.valid.item, split_train_by_time(timeless, share=0.25, seed=1).valid.item
    )


def test_of_prepared_data_the_histories_are_left_behind(dataset, tmp_path):
    prepare(dataset, tmp_path / "shop")
    assert type(split_train_by_time(open_prepared(tmp_path / "shop"))) is Dataset


def test_what_happened_at_once_cannot_be_cut(dataset):
    train = dataset.train
    still = Events(train.user, train.item, np.zeros_like(train.time), None)
    with pytest.raises(UserError, match="cut in two"):
        split_train_by_time(replace(dataset, train=still))
