from dataclasses import replace

import numpy as np
import pytest

from kit.data import Dataset, Events, cut_train, open_prepared, open_source, prepare, split
from kit.errors import UserError


@pytest.fixture(scope="module")
def dataset():
    return split(open_source("online-retail", limit=3000))


def test_the_later_part_is_after_the_earlier_one(dataset):
    cut = cut_train(dataset, share=0.25)
    assert cut.train.time.max() < cut.valid.time.min()
    assert len(cut.train) + len(cut.valid) == len(dataset.train)
    assert 0.1 < len(cut.valid) / len(dataset.train) < 0.4
    assert (cut.num_users, cut.num_items) == (dataset.num_users, dataset.num_items)


def test_counts_are_those_of_the_earlier_part(dataset):
    cut = cut_train(dataset)
    assert dataset.holders.sum() > cut.holders.sum()


def test_without_times_rows_are_drawn(dataset):
    timeless = replace(dataset, train=replace(dataset.train, time=None))
    cut = cut_train(timeless, share=0.25, seed=1)
    assert len(cut.valid) == pytest.approx(len(dataset.train) / 4, rel=0.02)
    np.testing.assert_array_equal(
        cut.valid.item, cut_train(timeless, share=0.25, seed=1).valid.item
    )


def test_of_prepared_data_the_histories_are_left_behind(dataset, tmp_path):
    prepare(dataset, tmp_path / "shop")
    assert type(cut_train(open_prepared(tmp_path / "shop"))) is Dataset


def test_what_happened_at_once_cannot_be_cut(dataset):
    train = dataset.train
    still = Events(train.user, train.item, np.zeros_like(train.time), None)
    with pytest.raises(UserError, match="cut in two"):
        cut_train(replace(dataset, train=still))
