from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.data import _parquet, open_source, split
from kit.errors import UserError
from tests.data.files import SHARED, delimited, grid, write


def test_the_default_follows_from_the_source(tmp_path: Path) -> None:
    timed = open_source(write(tmp_path / "timed.csv", grid(4, 5)))
    plain = open_source(write(tmp_path / "plain.csv", delimited("user item", "a x", "a y", "b x")))
    write(tmp_path / "parts" / "train.csv", grid(4, 5))
    write(tmp_path / "parts" / "test.csv", grid(2, 5))
    parts = open_source(str(tmp_path / "parts"))
    assert split(timed).split_method == "time"
    assert split(parts).split_method == "given"
    assert split(parts, "leave-one-out").split_method == "leave-one-out"
    with pytest.raises(UserError, match=r"leaves nothing in test(.|\n)*plain\.csv"):
        split(plain)


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
        patch.setattr(_parquet, "ROWS_AT_ONCE", 3)
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
