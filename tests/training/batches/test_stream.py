from itertools import islice

import numpy as np
import pytest
import tensorflow as tf

from kit.errors import UserError
from kit.training.batches import WHOLE, InputWaitTimer, Shard, digest, distributed
from tests.training.few import EACH, USERS, batches

WEIGHTS = np.arange(EACH * USERS, dtype=np.float32)
SETTINGS = {"batch_size": 8, "length": 4, "targets": 3, "hidden_share": 0.5, "seed": 3}
STREAM = batches(**SETTINGS, weights=WEIGHTS)
# An epoch has four batches.
COUNT, LATER = 6, 5


def drawn(stream, count=COUNT):
    """The arrays of some batches."""
    return [[array.numpy() for array in tf.nest.flatten(batch)] for batch in islice(stream, count)]


def joined(parts):
    """Batches of several streams, each put together again."""
    return [[np.concatenate(arrays) for arrays in zip(*one, strict=True)] for one in parts]


def assert_same(ours, theirs):
    for batch, other in zip(ours, theirs, strict=True):
        for array, expected in zip(batch, other, strict=True):
            np.testing.assert_array_equal(array, expected)


@pytest.fixture(scope="module")
def whole():
    """The batches that have to come out, by the number of the first."""
    found = drawn(STREAM.stream(), LATER + COUNT)
    return {first: found[first : first + COUNT] for first in (0, LATER)}


@pytest.mark.parametrize(("count", "first"), [(1, LATER), (2, 0), (2, LATER), (4, 0), (4, LATER)])
def test_shards_put_together_are_the_batches(count, first, whole):
    shards = [drawn(STREAM.stream(first, Shard(n, of=count))) for n in range(count)]
    assert {len(array) for shard in shards for batch in shard for array in batch} == {8 // count}
    assert_same(joined(zip(*shards, strict=True)), whole[first])


@pytest.mark.parametrize("count", [1, 2, 4])
def test_every_row_is_of_one_shard(count):
    rows = [row for n in range(count) for row in range(8)[Shard(n, of=count).rows(8)]]
    assert rows == [*range(8)]
    assert WHOLE.rows(8) == slice(0, 8)


class Machines:
    """A strategy of some machines with as many devices each, seen from all of them."""

    def __init__(self, machines: int, devices: int) -> None:
        self.machines, self.num_replicas_in_sync = machines, machines * devices

    def distribute_datasets_from_function(self, of_pipeline):
        contexts = [
            tf.distribute.InputContext(self.machines, n, self.num_replicas_in_sync)
            for n in range(self.machines)
        ]
        return [of_pipeline(context) for context in contexts]


@pytest.mark.parametrize(("machines", "devices"), [(1, 2), (2, 1), (2, 2)])
def test_each_device_gets_its_slice_of_every_batch(machines, devices, whole):
    fed = distributed(STREAM, Machines(machines, devices), LATER, InputWaitTimer())
    # A machine's devices are fed in turn.
    slices = [drawn(machine, COUNT * devices) for machine in fed]
    steps = [
        [part for machine in slices for part in machine[step * devices : (step + 1) * devices]]
        for step in range(COUNT)
    ]
    assert {len(arrays[0]) for parts in steps for arrays in parts} == {8 // machines // devices}
    assert_same(joined(steps), whole[LATER])


@pytest.mark.parametrize(("size", "replicas", "nearest"), [(16, 3, 15), (2, 4, 4)])
def test_a_batch_that_cannot_be_shared_out_is_refused(size, replicas, nearest):
    with pytest.raises(UserError, match=f"A batch of {size} .* to {replicas} replicas") as raised:
        distributed(batches(batch_size=size), Machines(replicas, 1), 0, InputWaitTimer())
    assert raised.value.where == "--batch-size"
    assert raised.value.expected == f"a multiple of {replicas}"
    assert raised.value.remedy == f"Give --batch-size {nearest}."


def test_a_digest_is_of_the_content():
    table = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert digest(table) == digest(np.asfortranarray(table)) == digest(table.copy())
    assert digest() == digest(np.zeros([0, 3]))
    others = [table + 1, table[::-1], table.astype(np.float64), table[:1]]
    assert len({digest(one) for one in [table, *others]}) == 5


def test_a_stream_stays_what_it_is():
    stream = batches().stream(3)
    noted = InputWaitTimer().noted(stream, 3)
    assert noted.element_spec == stream.element_spec
    for one, other in zip(noted.take(3), stream.take(3), strict=True):
        for array, expected in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
            np.testing.assert_array_equal(array, expected)


def test_a_step_waited_from_when_it_asked_until_its_batch_was_there(monkeypatch):
    ready = InputWaitTimer()
    # Batch 7 is there at 107 and so on.
    clock = iter(range(107, 200))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    assert [int(n) for n in ready.noted(tf.data.Dataset.range(4), 7)] == [0, 1, 2, 3]
    assert [ready.waited(step, asked=108.5) for step in (7, 8, 9, 10)] == [0.0, 0.0, 0.5, 1.5]
    # Of a batch it has not seen, and of one that was asked for, it knows nothing.
    assert (ready.waited(11, asked=0.0), ready.waited(10, asked=0.0)) == (0.0, 0.0)


def test_a_stream_that_is_opened_twice_is_timed_by_the_second(monkeypatch):
    ready = InputWaitTimer()
    clock = iter(range(100, 200))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    stream = ready.noted(tf.data.Dataset.range(2), 0)
    for _ in range(2):
        assert len(list(stream)) == 2
    assert [ready.waited(step, asked=101.0) for step in (0, 1)] == [1.0, 2.0]
