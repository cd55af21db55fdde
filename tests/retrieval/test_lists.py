import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.retrieval import _lists, balanced_lists, list_scores
from tests.retrieval.brute_force import clustered


def held(vectors, num_lists, capacity, seed=0):
    """The lists, after what must hold of any division was checked."""
    centroids, lists = balanced_lists(vectors, num_lists, capacity, seed=seed)
    assert (centroids.dtype, lists.dtype) == (np.float32, np.int32)
    assert centroids.shape == (num_lists, vectors.shape[1])
    assert lists.shape == (len(vectors),)
    count = np.bincount(lists, minlength=num_lists)
    assert len(count) == num_lists
    assert count.max() <= capacity
    size = np.abs(vectors).max()
    for place in np.flatnonzero(count):
        mean = vectors[lists == place].mean(axis=0)
        np.testing.assert_allclose(centroids[place], mean, rtol=1e-4, atol=1e-5 * size)
    return lists


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(0, 5), st.integers(0, 2**16), st.data())
def test_no_list_is_longer_than_allowed(size, slack, seed, data):
    num_lists = data.draw(st.integers(1, size))
    vectors = np.random.default_rng(seed).integers(-2, 3, (size, 3)).astype(np.float32)
    held(vectors, num_lists, -(-size // num_lists) + slack, seed=seed)


@pytest.mark.parametrize("size", [1000, 1001])
def test_one_crowd_is_divided_all_the_same(size):
    vectors, _ = clustered(size, clusters=1, spread=0.01)
    held(vectors, 10, -(-size // 10))


@pytest.mark.parametrize("value", [0.0, 1.0, 1e4, 1e-20])
def test_equal_vectors_fill_lists_in_turn(value):
    lists = held(np.full([100, 4], value, np.float32), 7, 16)
    assert len(np.unique(lists)) == 7


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_near_vectors_share_a_list(scale):
    # More vectors than the sample of 40 a list.
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(4), 100)
    vectors = scale * (np.eye(4)[cluster] + 0.05 * rng.normal(size=(400, 4)))
    spread = np.random.default_rng(1).permutation(400)
    found = min(
        (
            balanced_lists(vectors[spread].astype(np.float32), 4, 112, seed=seed)
            for seed in range(5)
        ),
        key=lambda x: np.square(vectors[spread] - x[0][x[1]]).sum(),
    )[1]
    assert len({(a, b) for a, b in zip(cluster[spread], found, strict=True)}) == 4


def test_a_seed_gives_the_same_lists():
    vectors, _ = clustered(2000)
    first, again, other = (balanced_lists(vectors, 16, 144, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[1] != other[1]).any()


def by_definition(queries, lists, rows):
    return np.stack(
        [
            np.concatenate([query @ rows[place] for place in chosen])
            for query, chosen in zip(queries, lists, strict=True)
        ]
    )


def case(batch, probes, num_lists, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(num_lists, 5, 16)).astype(np.float32)
    lists = np.array([rng.permutation(num_lists)[:probes] for _ in range(batch)], np.int32)
    return rng.normal(size=(batch, 5)).astype(np.float32), lists, rows


@pytest.mark.parametrize("batch", [1, 2, 7, 8, 9, 64])
@pytest.mark.parametrize(("probes", "num_lists"), [(1, 1), (1, 50), (3, 3), (4, 50), (50, 50)])
def test_scores_are_the_definition(batch, probes, num_lists):
    queries, lists, rows = case(batch, probes, num_lists)
    found = list_scores(queries, lists, tf.constant(rows), tf.float32)
    np.testing.assert_allclose(found, by_definition(queries, lists, rows), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("branch", ["dense", "gathered"])
def test_both_ways_of_multiplying(monkeypatch, branch):
    monkeypatch.setattr(_lists, "GATHERED", 1e9 if branch == "dense" else 0.0)
    queries, lists, rows = case(batch=20, probes=3, num_lists=10)
    found = list_scores(queries, lists, tf.constant(rows), tf.float32)
    np.testing.assert_allclose(found, by_definition(queries, lists, rows), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("others", [0, 1, 40])
def test_one_list_that_everybody_asks_for(others):
    queries, lists, rows = case(batch=40, probes=2, num_lists=100)
    lists[:, 0] = 7
    lists[: 40 - others, 1] = 8
    found = list_scores(queries, lists, tf.constant(rows), tf.float32)
    np.testing.assert_allclose(found, by_definition(queries, lists, rows), rtol=1e-4, atol=1e-5)


def test_no_query_at_all():
    _, _, rows = case(batch=1, probes=2, num_lists=10)
    nobody, nothing = tf.zeros([0, 5]), tf.zeros([0, 2], tf.int32)
    assert list_scores(nobody, nothing, tf.constant(rows), tf.float32).shape == (0, 32)


def test_rows_of_few_bits_are_cast():
    queries, lists, rows = case(batch=9, probes=3, num_lists=10)
    rows = np.rint(30 * rows).astype(np.int8)
    found = list_scores(queries, lists, tf.constant(rows), tf.float32)
    expected = by_definition(queries, lists, rows.astype(np.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
