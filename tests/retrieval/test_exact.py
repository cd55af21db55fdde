import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.retrieval import ExactIndex, PopularOrder, top_k, without
from kit.retrieval._exact import ITEMS_A_PART
from tests.retrieval.brute_force import LOWEST, by_definition


@st.composite
def cases(draw):
    items, dim = draw(st.integers(1, 12)), draw(st.integers(1, 3))
    batch, width = draw(st.integers(0, 4)), draw(st.integers(0, 6))
    # Whole numbers, so that sums are exact and ties are common.
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    vectors = random.integers(-2, 3, (items, dim)).astype(np.float32)
    queries = random.integers(-2, 3, (batch, dim)).astype(np.float32)
    # Some rows name an item twice, negative codes are padding.
    excluded = random.integers(-2, items, (batch, width)).astype(np.int32)
    return vectors, queries, excluded, draw(st.integers(1, items))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_search_is_the_definition(case):
    vectors, queries, excluded, k = case
    scores, items = ExactIndex(vectors).search(tf.constant(queries), tf.constant(excluded), k)
    expected, values = by_definition(queries @ vectors.T, excluded, k)
    np.testing.assert_array_equal(items, expected)
    np.testing.assert_array_equal(scores, values)
    assert (scores.dtype, items.dtype) == (tf.float32, tf.int32)


def test_leaving_out_costs_no_place():
    vectors = np.arange(100, dtype=np.float32)[:, None]
    excluded = tf.range(50, 100, dtype=tf.int32)[None]
    _, items = ExactIndex(vectors).search(tf.ones([1, 1]), excluded, 3)
    assert items.numpy().tolist() == [[49, 48, 47]]


def test_an_index_is_saved_with_its_vectors_and_nothing_of_keras(tmp_path):
    index = ExactIndex(np.eye(3, dtype=np.float32))
    assert not [module for module in index.submodules if "keras" in type(module).__module__]
    assert len(index.variables) == 2


@pytest.mark.parametrize("size", [1, 2, 15, 16, 17, 5000])
def test_everybody_gets_the_most_popular_but_for_what_is_left_out(size):
    rng = np.random.default_rng(size)
    popularity = rng.integers(0, 9, size).astype(np.float32)
    excluded = rng.integers(-1, size, (3, 4)).astype(np.int32)
    k = min(size, 10)
    scores, items = PopularOrder(popularity).search(tf.constant(excluded), k)
    expected, values = by_definition(np.tile(popularity, (3, 1)), excluded, k)
    np.testing.assert_array_equal(items, expected)
    np.testing.assert_array_equal(scores, values)


def test_its_parts_hold_every_item_once_the_most_popular_first():
    popularity = np.random.default_rng(0).random(2 * ITEMS_A_PART + 1).astype(np.float32)
    order = PopularOrder(popularity)
    assert order.parts == 3
    scores, items = order.scan(None, 2)
    assert items.shape == scores.shape == (1, 2 * ITEMS_A_PART)
    np.testing.assert_array_equal(scores[0], -np.sort(-popularity)[: 2 * ITEMS_A_PART])
    scores, items = order.scan(None, 3)
    assert sorted(items[0].numpy()) == list(range(len(popularity)))
    np.testing.assert_array_equal(scores, popularity[items])


def test_scores_of_items():
    order = PopularOrder(np.float32([0.1, 0.9, 0.5]))
    np.testing.assert_array_equal(order.scores_of(None, [2, 0]), np.float32([[0.5, 0.1]]))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4), st.integers(1, 70), st.integers(0, 2**16), st.data())
def test_top_k_is_what_tensorflow_gives(batch, columns, seed, data):
    k = data.draw(st.integers(0, columns))
    # A permutation has no ties, whose order is free.
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(columns) - 20.0 for _ in range(batch)]
    scores = np.reshape(np.float32(rows), [batch, columns])
    values, places = top_k(tf.constant(scores), k)
    np.testing.assert_array_equal(values, -np.sort(-scores, axis=1)[:, :k])
    np.testing.assert_array_equal(places, np.argsort(-scores, axis=1)[:, :k])
    assert places.dtype == tf.int32


@pytest.mark.parametrize("batch", [0, 1, 3])
@pytest.mark.parametrize("columns", [16, 48, 1600])
def test_shapes_may_be_unknown_when_the_graph_is_built(batch, columns):
    unknown = [tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([], tf.int32)]
    scores = np.random.default_rng(0).normal(size=(batch, columns)).astype(np.float32)
    values, places = tf.function(top_k, input_signature=unknown)(scores, 5)
    np.testing.assert_array_equal(places, np.argsort(-scores, axis=1)[:, :5])
    np.testing.assert_array_equal(values, -np.sort(-scores, axis=1)[:, :5])


def test_equal_scores_are_all_found_once():
    places = top_k(tf.zeros([2, 64]), 64)[1].numpy()
    assert np.sort(places, axis=1).tolist() == [list(range(64))] * 2


def test_without_keeps_the_order_of_the_lists():
    scores = tf.constant([[9.0, 8.0, 7.0, 6.0]])
    items = tf.constant([[3, 0, 2, 1]])
    kept = without(scores, items, tf.constant([[0, -1, 3]]), k=3)
    assert kept[0].numpy().tolist() == [[7.0, 6.0, LOWEST]]
    assert kept[1].numpy().tolist() == [[2, 1, -1]]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 3), st.integers(0, 9), st.integers(0, 6), st.integers(1, 12), st.integers())
def test_without_is_the_definition(batch, length, width, k, seed):
    rng = np.random.default_rng(seed % 2**32)
    items = np.array([rng.permutation(12)[:length] for _ in range(batch)], np.int32)
    items = np.maximum(items.reshape(batch, length) - 2, -1)  # up to three are no items
    scores = -np.sort(rng.integers(0, 5, (batch, length)).astype(np.float32), axis=1)
    excluded = rng.integers(-3, 10, (batch, width)).astype(np.int32)
    found = without(tf.constant(scores), tf.constant(items), tf.constant(excluded), k)
    for row in range(batch):
        kept = [
            (score, item)
            for score, item in zip(scores[row], items[row], strict=True)
            if item >= 0 and item not in excluded[row]
        ][:k]
        kept += [(LOWEST, -1)] * (k - len(kept))
        assert [s for s, _ in kept] == found[0][row].numpy().tolist()
        assert [i for _, i in kept] == found[1][row].numpy().tolist()
