import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.data import (
    Dataset,
    Events,
    _table_formats,
    open_prepared,
    open_source,
    prepare,
    split,
    split_train_by_time,
)
from kit.errors import UserError
from tests.data.files import SHARED, delimited, grid, write

START, DAY = 1_600_000_000, 86_400


def visits(counts: list[int], *, days: int = 1) -> str:
    """A CSV in which user n takes counts[n] of 10 items in turn, on each of some days."""
    rows = [
        f"u{user} i{(user + k) % 10} {START + day * DAY + user * 60 + k}"
        for day in range(days)
        for user, count in enumerate(counts)
        for k in range(day * count, (day + 1) * count)
    ]
    return delimited("user_id item_id timestamp", *rows)


def test_the_default_follows_from_the_source(tmp_path: Path) -> None:
    timed = open_source(write(tmp_path / "timed.csv", visits([1] * 250, days=10)))
    plain = open_source(write(tmp_path / "plain.csv", delimited("user item", "a x", "a y", "b x")))
    write(tmp_path / "parts" / "train.csv", grid(4, 5))
    write(tmp_path / "parts" / "test.csv", grid(2, 5))
    parts = open_source(str(tmp_path / "parts"))
    assert split(timed).split_method == "time"
    assert split(parts).split_method == "given"
    assert split(parts, "leave-one-out").split_method == "leave-one-out"
    with pytest.raises(UserError, match=r"leaves nothing in test(.|\n)*plain\.csv"):
        split(plain)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        # 100 of 300 users come back every day, the others stay away after the third.
        (
            visits([1] * 100, days=20) + visits([1] * 300, days=3).split("\n", 1)[1],
            "could test only 100 of 100 users",
        ),
        # Every user comes once: those of the end are new.
        (visits([5] * 300), "could test only 0 of 30 users"),
        # Everything happened at one time.
        (re.sub(r"\d{10}", "1600000000", visits([3] * 300)), "could test only 0 of 300 users"),
    ],
    ids=["few users", "no user comes back", "one time"],
)
def test_the_default_is_leave_one_out_where_time_leaves_too_few_users(
    tmp_path: Path, text: str, reason: str
) -> None:
    source = open_source(write(tmp_path / "a.csv", text))
    dataset = split(source)
    assert dataset.split_method == "leave-one-out"
    assert dataset.split.startswith(f"leave-one-out (default; a time split {reason}): each user's")
    chosen = split(source, "leave-one-out")
    assert dataset.split.endswith(chosen.split.partition(": ")[2])
    assert dataset.test.item.tolist() == chosen.test.item.tolist()


def test_the_default_is_leave_one_out_where_time_leaves_a_tenth_of_the_users(tmp_path) -> None:
    # The last tenth of the rows are 210 of 500 old users and 2,000 new ones, each once.
    old = [f"u{n} i{n % 10} {START + d * DAY}" for d in range(39) for n in range(500)]
    last = [f"{n} i{n % 10} {START + 100 * DAY}" for n in range(2_000)]
    last += [f"u{n} i{(n + 1) % 10} {START + 100 * DAY}" for n in range(210)]
    text = delimited("user_id item_id timestamp", *old, *last)
    found = split(open_source(write(tmp_path / "a.csv", text))).split
    assert found.startswith("leave-one-out (default; a time split could test only 210 of 2,210")
    text = delimited("user_id item_id timestamp", *old, *last[400:])
    assert split(open_source(write(tmp_path / "b.csv", text))).split_method == "time"


def test_the_default_stays_time_where_leave_one_out_leaves_no_more(tmp_path: Path) -> None:
    # Nobody has three events.
    source = open_source(write(tmp_path / "a.csv", visits([1] * 150, days=2)))
    assert split(source).split_method == "time"


def test_a_time_split_that_is_chosen_is_kept(tmp_path: Path) -> None:
    source = open_source(write(tmp_path / "a.csv", visits([5] * 300)))
    assert split(source, "time").split.startswith("time: train < ")


def test_the_default_of_online_retail_is_time() -> None:
    assert split(open_source("online-retail")).split == (
        "time: train < 2011-11-01 15:55:00 <= valid < 2011-11-20 15:36:00 <= test "
        "(80/10/10 % of rows, UTC)"
    )


@pytest.mark.parametrize("method", ["time", "leave-one-out", "random"])
def test_every_row_is_in_one_part(tmp_path: Path, method: str) -> None:
    source = open_source(write(tmp_path / "a.csv", grid(7, 11)))
    dataset = split(source, method)
    rows = [
        (dataset.user_ids[user], dataset.item_ids[item], time)
        for part in (dataset.train, dataset.valid, dataset.test)
        for user, item, time in zip(part.user, part.item, part.time, strict=True)
    ]
    assert sorted(rows) == sorted(source.interactions.rows())
    assert min(len(dataset.train), len(dataset.valid), len(dataset.test)) > 0


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 6), st.sampled_from("vwxyz"), st.integers(1, 9)),
        min_size=12,
        max_size=60,
    ),
    cuts=st.lists(st.integers(1, 59), max_size=4),
    method=st.sampled_from(["time", "leave-one-out", "random"]),
)
def test_shards_are_as_one_file(
    rows: list[tuple[int, str, int]], cuts: list[int], method: str
) -> None:
    both = [(0, "v", 1), (1, "w", 2), *((1, item, 3) for item in "vwx")]
    frame = pl.DataFrame(
        [(None if user == 6 else f"u{user}", item, time) for user, item, time in rows + both],
        schema=["user_id", "item_id", "time"],
        orient="row",
    )
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        frame.write_csv(f"{name}/one.csv")
        frame.write_parquet(f"{name}/one.parquet")
        shards = Path(name) / "shards"
        shards.mkdir()
        edges = sorted({0, *(cut for cut in cuts if cut < len(frame)), len(frame)})
        for number, (start, end) in enumerate(pairwise(edges)):
            part = frame[start:end]
            if number % 2:
                part.write_csv(shards / f"{number}.csv")
            else:
                part.write_parquet(shards / f"{number}.parquet", row_group_size=2)
        one = outcome(f"{name}/one.csv", method)
        patch.setattr(_table_formats, "ROWS_AT_ONCE", 3)
        assert outcome(f"{name}/one.parquet", method) == one
        assert outcome(str(shards), method) == one


def outcome(source: str, method: str) -> object:
    """Everything a split holds, to compare; the error where there is none."""
    opened = open_source(source)
    try:
        dataset = split(opened, method)
    except UserError as error:
        return error.what
    parts = (dataset.train, dataset.valid, dataset.test)
    return (
        [(part.user.tolist(), part.item.tolist(), part.time.tolist()) for part in parts],
        dataset.user_ids.tolist(),
        dataset.item_ids.tolist(),
        (dataset.num_users, dataset.num_items, dataset.cold, dataset.cleaning, dataset.split),
        opened.rows_read,
    )


def test_nothing_in_train(tmp_path: Path) -> None:
    source = open_source(write(tmp_path / "a.csv", delimited("user item time", "a x 5", "b y 5")))
    with pytest.raises(UserError, match=r"leaves nothing in train(.|\n)*a\.csv(.|\n)*--split"):
        split(source, "time")


def test_nothing_in_test(tmp_path: Path) -> None:
    source = open_source(write(tmp_path / "a.csv", grid(3, 2)))
    with pytest.raises(UserError, match=r"leaves nothing in test"):
        split(source, "leave-one-out")


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("by-time", r"no split 'by-time'(.|\n)*time, leave-one-out, random, given"),
        ("time", "--time-column"),
        ("given", r"train\.\*"),
    ],
)
def test_methods_the_source_cannot_have(tmp_path: Path, method: str, message: str) -> None:
    source = open_source(write(tmp_path / "a.csv", delimited("user item", "a x", "b y")))
    with pytest.raises(UserError, match=message):
        split(source, method)


def test_shares_have_to_leave_something(tmp_path: Path) -> None:
    source = open_source(write(tmp_path / "a.csv", grid(4, 5)))
    with pytest.raises(ValueError, match="leave nothing for train"):
        split(source, valid_share=0.5, test_share=0.5)


def test_the_given_split_of_movielens_is_used_unchanged() -> None:
    folder = SHARED / "movielens-100k" / "split"
    if not folder.exists():
        pytest.skip("MovieLens may not be shipped; it is read from ../shared")
    dataset = split(open_source(str(folder)))
    parts = (dataset.train, dataset.valid, dataset.test)
    assert [len(part) for part in parts] == [80_808, 9_596, 9_596]
    assert dataset.split == "given: train, valid and test as the source has them"
    assert dataset.num_users == 943


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
