from collections import Counter
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from kit.data import Histories, default_length
from kit.training.batches import SequenceBatches, Shard

LENGTHS = [1, 40, 2, 0, 7, 12, 3, 33, 5, 9, 10, 4, 17, 2]
# An item's code tells whose it is and when it came.
CODES = [100 * user + place for user, length in enumerate(LENGTHS) for place in range(length)]
HISTORIES = Histories(np.cumsum([0, *LENGTHS]), np.array(CODES, np.int32))


def batches(**changes) -> SequenceBatches:
    return SequenceBatches(HISTORIES, **{"batch_size": 2, "length": 16, "seed": 3, **changes})


def drawn(stream: SequenceBatches, count: int, *where) -> list[tuple[np.ndarray, ...]]:
    """Users (codes from 0), histories, targets and weights of some batches."""
    return [
        (inputs["user"].numpy() - 1, inputs["history"].numpy(), targets.numpy(), weights.numpy())
        for inputs, targets, weights in islice(stream.stream(*where), count)
    ]


def test_every_position_has_the_item_that_came_next():
    for users, histories, targets, _ in drawn(batches(), 20):
        for user, history, target in zip(users, histories, targets, strict=True):
            places = history[history > 0] - 1 - 100 * user
            assert 1 <= len(places) == min(LENGTHS[user] - 1, 16)
            assert places.tolist() == list(range(places[0], places[0] + len(places)))
            np.testing.assert_array_equal(target[target > 0], history[history > 0] + 1)
            # Padding stands behind.
            assert (np.diff((history > 0).astype(int)) <= 0).all()


def test_every_user_with_two_items_comes_once_a_pass():
    stream = batches()
    for begin in range(3):
        users = Counter()
        for batch in drawn(stream, stream.steps_per_epoch, begin * stream.steps_per_epoch):
            users.update(set(batch[0].tolist()))
        assert set(users) == {user for user, length in enumerate(LENGTHS) if length > 1}
    assert stream.examples_per_epoch == sum(min(max(n - 1, 0), 16) for n in LENGTHS)


def test_like_lengths_come_together_with_as_many_positions():
    shapes = {histories.shape for _, histories, _, _ in drawn(batches(), 20)}
    assert shapes == {(4, 8), (2, 16)}
    one = {histories.shape for _, histories, _, _ in drawn(batches(one_width=True), 20)}
    assert one == {(2, 16)}
    for spec in batches(one_width=True).stream().element_spec[1:]:
        assert spec.shape.is_fully_defined()


def test_few_of_a_width_go_with_the_next():
    stream = batches(batch_size=10)
    assert [(bucket.width, len(bucket.users)) for bucket in stream.buckets] == [(16, 12)]
    # No more rows than there are sequences.
    assert stream.buckets[0].rows == 10


def test_a_stretch_of_a_long_history_moves():
    begins = set()
    for users, histories, _, _ in drawn(batches(), 300):
        begins |= {int(h[0]) - 101 for u, h in zip(users, histories, strict=True) if u == 1}
    assert min(begins) == 0
    assert max(begins) == 40 - 17
    assert len(begins) > 12


def test_a_stream_begins_anywhere():
    whole = drawn(batches(), 15)
    for first in (1, 6, 11):
        for one, other in zip(whole[first:], drawn(batches(), 15 - first, first), strict=True):
            for a, b in zip(one, other, strict=True):
                np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("of", [2, 4])
def test_shards_are_the_batch(of):
    whole = drawn(batches(replicas=of, batch_size=4), 12)
    parts = [drawn(batches(replicas=of, batch_size=4), 12, 0, Shard(i, of=of)) for i in range(of)]
    for batch, *shards in zip(whole, *parts, strict=True):
        for place, expected in enumerate(batch):
            np.testing.assert_array_equal(np.concatenate([s[place] for s in shards]), expected)


def test_weights_are_those_of_the_targets():
    weights = HISTORIES.items.astype(np.float32)
    for _, _, targets, values in drawn(batches(weights=weights), 10):
        np.testing.assert_array_equal(values[targets > 0], targets[targets > 0] - 1)
    assert batches(weights=weights).content != batches().content


def test_the_seed_alone_decides():
    first, again, other = (drawn(batches(seed=seed), 7) for seed in (3, 3, 4))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one[1], two[1])
    assert any(a[0].tolist() != b[0].tolist() for a, b in zip(first, other, strict=True))
    assert len(drawn(batches(seed=2**32 - 1), 2)) == 2
    assert len(drawn(batches(seed=0), 2)) == 2


@pytest.mark.parametrize(
    ("lengths", "length"),
    [([], 8), ([1], 8), ([9], 8), ([10], 16), ([165] * 9, 256), ([5000], 256)],
)
def test_default_length(lengths, length):
    assert default_length(np.array(lengths, int)) == length


@pytest.mark.parametrize("one_width", [True, False])
def test_times_are_those_of_the_items(one_width):
    timed = replace(HISTORIES, times=np.int64(10**9) + HISTORIES.items)
    stream = replace(batches(one_width=one_width), histories=timed)
    for inputs, _, _ in islice(stream.stream(), 8):
        history = inputs["history"].numpy().astype(np.int64)
        expected = np.where(history > 0, 10**9 + history - 1, 0)
        np.testing.assert_array_equal(inputs["time"].numpy(), expected)
    assert stream.content != batches().content
