import numpy as np
import pytest

from kit.training.batches import ListBatches, Shard


def batches(lists=10, batch_size=4, seed=3):
    features = {"number": np.arange(lists * 2, dtype=np.float32).reshape(lists, 2)}
    return ListBatches(features, np.eye(lists, 2, dtype=bool), batch_size, seed)


def taken_lists(stream, count):
    return [inputs["number"].numpy()[:, 0] / 2 for inputs, *_ in stream.take(count)]


def test_every_pass_visits_all_lists_in_another_order():
    given = batches()
    found = taken_lists(given.stream(), 6)
    first, second = np.concatenate(found[:3]), np.concatenate(found[3:])
    assert set(first) == set(second) == set(range(10))
    assert first.tolist() != second.tolist()
    # Lists fill up the last batch.
    assert len(first) == 12


@pytest.mark.parametrize("start", [1, 3, 7])
def test_the_stream_begins_anywhere(start):
    whole = taken_lists(batches().stream(), 9)
    np.testing.assert_array_equal(taken_lists(batches().stream(start), 2), whole[start : start + 2])


def test_shards_are_the_rows_of_the_batch():
    whole = taken_lists(batches().stream(), 2)
    halves = [taken_lists(batches().stream(0, Shard(place, of=2)), 2) for place in (0, 1)]
    np.testing.assert_array_equal(np.concatenate(halves, axis=1), whole)


def test_what_was_taken_goes_with_its_list():
    for inputs, taken, weights in batches().stream().take(3):
        rows = (inputs["number"].numpy()[:, 0] / 2).astype(int)
        np.testing.assert_array_equal(taken, np.eye(10, 2)[rows])
        assert weights.numpy().tolist() == [1.0] * 4


def test_the_content_tells_lists_apart():
    given = batches()
    assert (given.steps_per_epoch, given.examples_per_epoch) == (3, 2)
    assert given.content == batches(seed=9).content != batches(lists=9).content
