import numpy as np
import pytest
import tensorflow as tf

from kit.retrieval import _list_scores
from kit.retrieval._list_scores import list_scores


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
    monkeypatch.setattr(_list_scores, "GATHERED", 1e9 if branch == "dense" else 0.0)
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
