from pathlib import Path

import numpy as np
import polars as pl
import pytest

from kit.data import Dataset, open_source, split
from tests.data.files import delimited, write


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    header = "user_id item_id timestamp rating"
    write(tmp_path / "train.csv", delimited(header, "b y 1 5", "a x 2 4", "b x 3 3"))
    write(tmp_path / "valid.csv", delimited(header, "c x 4 1", "a z 5 2"))
    write(tmp_path / "test.csv", delimited(header, "d w 6 1", "c y 7 1", "b y 8 1"))
    items = write(tmp_path / "i" / "items.csv", delimited("item_id title", "z Zed", "x Ex", "q Q"))
    return split(open_source(str(tmp_path), items=items))


def test_codes_of_train_come_first_by_appearance(dataset: Dataset) -> None:
    assert dataset.user_ids.tolist() == ["b", "a", "c", "d"]
    assert dataset.item_ids.tolist() == ["y", "x", "z", "w"]
    assert (dataset.num_users, dataset.num_items) == (2, 2)
    assert dataset.train.user.tolist() == [0, 1, 0]
    assert dataset.train.item.tolist() == [0, 1, 1]
    assert dataset.test.user.tolist() == [3, 2, 0]


def test_cold_rows_are_kept_and_counted(dataset: Dataset) -> None:
    assert dataset.cold == {
        "valid_rows_of_cold_users": 1,
        "valid_rows_of_cold_items": 1,
        "test_rows_of_cold_users": 2,
        "test_rows_of_cold_items": 1,
    }
    assert [len(dataset.train), len(dataset.valid), len(dataset.test)] == [3, 2, 3]


def test_the_types_of_the_arrays(dataset: Dataset) -> None:
    events = dataset.valid
    assert events.time is not None
    assert events.weight is not None
    assert (events.user.dtype, events.item.dtype) == (np.int32, np.int32)
    assert (events.time.dtype, events.weight.dtype) == (np.int64, np.float32)
    assert events.weight.tolist() == [1.0, 2.0]


def test_features_are_in_the_order_of_the_items(dataset: Dataset) -> None:
    assert dataset.items is not None
    expected = {"item_id": ["y", "x", "z", "w"], "title": [None, "Ex", "Zed", None]}
    assert dataset.items.equals(pl.DataFrame(expected))
    assert dataset.users is None


def test_without_time_and_weight_there_are_none(tmp_path: Path) -> None:
    rows = [f"{user} {item}" for user in "abc" for item in "xyz"]
    dataset = split(open_source(write(tmp_path / "a.csv", delimited("user item", *rows))), "random")
    assert dataset.train.time is None
    assert dataset.train.weight is None


def test_users_of_items_are_counted_with_and_without_valid(dataset: Dataset) -> None:
    assert dataset.user_counts.tolist() == [1, 2]
    assert dataset.user_counts_with_valid.tolist() == [1, 3]


def test_given_files_that_follow_each_other_in_time_are_said_to(dataset: Dataset) -> None:
    assert dataset.split == "given: train, valid and test as the source has them; ordered in time"


def test_given_files_that_overlap_in_time_are_not(tmp_path: Path) -> None:
    header = "user_id item_id timestamp"
    write(tmp_path / "train.csv", delimited(header, "b y 1", "a x 2", "b x 3"))
    write(tmp_path / "valid.csv", delimited(header, "a y 6"))
    write(tmp_path / "test.csv", delimited(header, "c y 5", "b y 8"))
    dataset = split(open_source(str(tmp_path)))
    assert dataset.split == "given: train, valid and test as the source has them"


def test_all_rows_in_train_keep_their_codes_and_order(dataset: Dataset) -> None:
    whole = dataset.all_in_train()
    assert (whole.num_users, whole.num_items) == (4, 4)
    assert whole.user_ids[whole.train.user].tolist() == ["b", "a", "b", "c", "a", "d", "c", "b"]
    assert whole.train.time is not None
    assert whole.train.time.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [len(whole.valid), len(whole.test)] == [0, 0]
    assert not any(whole.cold.values())
    assert whole.items is dataset.items
