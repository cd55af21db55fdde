import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.retrieval import top_k, without
from tests.retrieval.brute_force import LOWEST


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
