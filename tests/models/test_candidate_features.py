import numpy as np
import pytest
import tensorflow as tf

from kit.data import Events
from kit.models import CandidateFeatures, CandidateTables, defined_features

ITEMS, USERS, DAY = 30, 20, 86_400


def events(count=200, seed=0, time=True):
    random = np.random.default_rng(seed)
    return Events(
        random.integers(0, USERS, count).astype(np.int32),
        # Two items are not known to the model.
        random.integers(0, ITEMS + 2, count).astype(np.int32),
        np.sort(random.integers(0, 100 * DAY, count)) if time else None,
        None,
    )


def tables(**more):
    vectors = np.random.default_rng(1).normal(size=(ITEMS, 4)).astype(np.float32)
    return CandidateTables.of(vectors, [events(**more)], USERS)


def test_the_graph_computes_the_definitions():
    known = tables()
    random = np.random.default_rng(2)
    lengths = [0, 1, 3, 8, 90]
    history = np.full((5, 92), -1, np.int32)
    for row, length in enumerate(lengths):
        # Unknown items stand between the known ones.
        places = np.sort(random.choice(92, length, replace=False))
        history[row, places] = random.integers(0, ITEMS, length)
    items = np.stack([random.permutation(ITEMS)[:9] for _ in lengths]).astype(np.int32)
    items[2, 6:] = -1
    retrieval = -np.sort(random.normal(size=items.shape)).astype(np.float32)
    features = CandidateFeatures(known)
    found = features(tf.constant(history), tf.constant(items), tf.constant(retrieval))
    assert list(found) == features.names
    for row in range(len(lengths)):
        had = history[row][history[row] >= 0]
        expected = defined_features(known, had, items[row], retrieval[row])
        assert list(expected) == features.names
        real = items[row] >= 0
        for name, values in expected.items():
            ours = found[name][row].numpy()
            np.testing.assert_allclose(ours[real], values[real], atol=1e-5, err_msg=name)


def test_counts_are_of_the_windows_that_end_with_the_last_event():
    given = Events(
        np.zeros(4, np.int32),
        np.array([0, 0, 1, 0], np.int32),
        np.array([0, 50, 80, 100]) * DAY,
        None,
    )
    known = CandidateTables.of(np.eye(3, dtype=np.float32), [given], 1)
    assert known.names == (
        "taken",
        "taken in 7 days",
        "taken in 30 days",
        "days since first taken",
    )
    expected = [[3, 1, 1, 100], [1, 0, 1, 20], [0, 0, 0, 0]]
    np.testing.assert_allclose(np.expm1(known.numbers), expected, atol=1e-4)


def test_without_times_items_are_only_counted():
    assert tables(time=False).names == ("taken",)


def test_what_happens_later_does_not_change_the_tables():
    given = events()
    half = given.where(slice(0, 100))
    vectors = np.eye(ITEMS, dtype=np.float32)
    alone = CandidateTables.of(vectors, [half], USERS)
    again = CandidateTables.of(vectors, [given.where(given.time <= half.time.max())], USERS)
    np.testing.assert_array_equal(alone.numbers, again.numbers)


@pytest.mark.parametrize("batch", [0, 2])
def test_people_without_a_history(batch):
    items = tf.zeros([batch, 3], tf.int32)
    found = CandidateFeatures(tables())(tf.zeros([batch, 0], tf.int32), items, tf.zeros([batch, 3]))
    for name in ("history", "similar", "most similar", "together", "together lately"):
        assert found[name].numpy().tolist() == [[0.0] * 3] * batch


def test_by_hand():
    tables = CandidateTables(
        vectors=np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32),
        neighbours=np.array([[1, 2], [-1, 0], [-1, 0]], np.int32),
        likeness=np.array([[0.5, 0.25], [0, 0.5], [0, 0.25]], np.float32),
        numbers=np.array([[1], [2], [3]], np.float32),
        names=("taken",),
    )
    retrieval = np.array([4, 1], np.float32)
    found = defined_features(tables, np.array([1, 2]), np.array([0, 2]), retrieval)
    expected = {
        "retrieval": [4, 1],
        "below the best": [0, -3],
        "place": [0, np.log(2)],
        "history": [np.log(3)] * 2,
        "similar": [0.3, 0.9],
        "similar lately": [0.3, 0.9],
        "most similar": [0.6, 1.0],
        "together": [0.75, 0],
        "together lately": [0.5 * np.exp(-0.1) + 0.25, 0],
        "taken": [1, 3],
    }
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-6, err_msg=name)
