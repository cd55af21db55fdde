from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from kit.data import Histories
from kit.training.batches import DiskBatches, Shard, UserBatches
from tests.training.batches.test_users import HISTORIES

SETTINGS = {"batch_size": 4, "length": 8, "targets": 3, "hidden_share": 0.5, "seed": 7}


@pytest.fixture
def on_disk(tmp_path: Path) -> DiskBatches:
    np.save(tmp_path / "items.npy", HISTORIES.items)
    items = np.load(tmp_path / "items.npy", mmap_mode="r")
    return DiskBatches(Histories(HISTORIES.offsets, items), **SETTINGS, digest="d")


def drawn(stream, count):
    return [
        [inputs["user"].numpy(), inputs["history"].numpy(), targets.numpy(), weights.numpy()]
        for inputs, targets, weights in islice(stream, count)
    ]


def assert_same(ours, theirs):
    for batch, other in zip(ours, theirs, strict=True):
        for array, expected in zip(batch, other, strict=True):
            np.testing.assert_array_equal(array, expected)
            assert array.dtype == expected.dtype


def test_the_batches_are_those_from_memory(on_disk):
    in_memory = UserBatches(HISTORIES, **SETTINGS)
    assert_same(drawn(on_disk.stream(), 10), drawn(in_memory.stream(), 10))
    assert on_disk.steps_per_epoch == in_memory.steps_per_epoch
    np.testing.assert_allclose(on_disk.target_share(40), in_memory.target_share(40))


@pytest.mark.parametrize("first", [1, 3, 8])
def test_a_batch_is_the_same_wherever_the_stream_begins(on_disk, first):
    assert_same(
        drawn(on_disk.stream(start_step=first), 4), drawn(on_disk.stream(), first + 4)[first:]
    )


def test_workers_make_the_rows_of_one_batch(on_disk):
    halves = [drawn(on_disk.stream(2, Shard(number, of=2)), 5) for number in (0, 1)]
    joined = [
        [np.concatenate(arrays) for arrays in zip(*batches, strict=True)]
        for batches in zip(*halves, strict=True)
    ]
    assert_same(joined, drawn(on_disk.stream(2), 5))


def test_the_content_is_named(on_disk):
    assert on_disk.content == {"users": 9, "interactions": 91, "digest": "d"}


def test_there_are_no_weights():
    with pytest.raises(ValueError, match="no weights"):
        DiskBatches(HISTORIES, **SETTINGS, weights=np.ones(91, np.float32))
