import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from kit.data import (
    Dataset,
    histories,
    is_prepared,
    open_prepared,
    open_source,
    prepare,
    split,
    train_histories,
)
from kit.errors import UserError
from tests.data.files import delimited, grid, write


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    items = write(tmp_path / "items.csv", delimited("item_id title", "i0 Zero", "i2 Two"))
    log = [f"u{n * 7 % 5} i{n * 3 % 11} {1_600_000_000 + n} {n % 4}" for n in range(90)]
    source = write(tmp_path / "log.csv", delimited("user item time rating", *log))
    return split(open_source(source, items=items))


def test_what_comes_back_is_what_was_written(dataset: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "prepared"
    prepare(dataset, folder)
    assert is_prepared(folder)
    assert not is_prepared(tmp_path)
    found = open_prepared(folder)
    for name in ("num_users", "num_items", "split", "split_method", "cold", "cleaning", "name"):
        assert getattr(found, name) == getattr(dataset, name)
    assert found.user_ids.tolist() == dataset.user_ids.tolist()
    assert found.item_ids.tolist() == dataset.item_ids.tolist()
    assert found.items is not None
    assert found.items.equals(dataset.items)
    assert found.users is None
    expected = histories([dataset.train], dataset.num_users)
    for ours in (found.histories, histories([found.train], found.num_users)):
        assert ours.offsets.tolist() == expected.offsets.tolist()
        assert ours.items.tolist() == expected.items.tolist()
    assert found.user_counts_with_valid.tolist() == dataset.user_counts_with_valid.tolist()


def test_events_are_grouped_by_user_in_their_order(dataset: Dataset, tmp_path: Path) -> None:
    prepare(dataset, tmp_path / "prepared")
    found = open_prepared(tmp_path / "prepared")
    for part in ("train", "valid", "test"):
        ours, theirs = getattr(found, part), getattr(dataset, part)
        order = np.argsort(theirs.user, kind="stable")
        for name in ("user", "item", "time", "weight"):
            column = getattr(ours, name)
            assert column.tolist() == getattr(theirs, name)[order].tolist()
            assert column.dtype == getattr(theirs, name).dtype


def test_without_times_and_without_valid(tmp_path: Path) -> None:
    rows = delimited("user item", "a x", "b y")
    for part in ("train", "test"):
        write(tmp_path / "parts" / f"{part}.csv", rows)
    prepare(split(open_source(str(tmp_path / "parts"))), tmp_path / "prepared")
    found = open_prepared(tmp_path / "prepared")
    assert found.train.time is None
    assert len(found.valid) == 0
    assert len(found.test) == 2


def test_the_same_rows_have_the_same_digest(tmp_path: Path) -> None:
    digests = []
    for number, users in enumerate((5, 5, 6)):
        source = write(tmp_path / f"{number}.csv", grid(users, 7))
        prepare(split(open_source(source)), tmp_path / f"{number}")
        digests.append(open_prepared(tmp_path / f"{number}").digest)
    assert digests[0] == digests[1] != digests[2]


def test_nothing_is_overwritten(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(UserError, match=r"something already(.|\n)*taken"):
        prepare(dataset, tmp_path / "taken")


def test_a_failure_leaves_nothing(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    before = os.listdir(tmp_path)
    with pytest.raises(UserError, match="No space left"):
        prepare(dataset, tmp_path / "prepared")
    assert os.listdir(tmp_path) == before


def test_damage_and_other_formats_are_named(dataset: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    prepare(dataset, folder)
    note = json.loads((folder / "prepared.json").read_text())
    (folder / "prepared.json").write_text(json.dumps({**note, "format": 99}))
    with pytest.raises(UserError, match=r"format 99(.|\n)*Prepare it again"):
        open_prepared(folder)
    (folder / "prepared.json").write_text(json.dumps(note))
    (folder / "histories.npy").write_bytes(b"nothing")
    with pytest.raises(UserError, match="damaged"):
        open_prepared(folder)
    (folder / "histories.npy").unlink()
    with pytest.raises(UserError, match="cannot be read"):
        open_prepared(folder)


def test_all_rows_in_train_are_no_longer_those_on_disk(dataset: Dataset, tmp_path: Path) -> None:
    prepare(dataset, tmp_path / "prepared")
    whole = open_prepared(tmp_path / "prepared").all_in_train()
    assert type(whole) is Dataset
    assert len(whole.train) == len(dataset.train) + len(dataset.valid) + len(dataset.test)
    assert train_histories(whole).lengths.tolist() == [11] * 5
