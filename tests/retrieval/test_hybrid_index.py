import numpy as np
import pytest
import scipy.sparse as sparse
import tensorflow as tf

from kit.retrieval import (
    ExactIndex,
    HybridIndex,
    IndexSettings,
    InvertedFile,
    ItemFilter,
    ItemWeightsIndex,
    index_for,
    search_where,
)

ITEMS, DIM = 600, 8
HISTORIES = np.array([[3, 5, 3, -1], [-1, -1, -1, -1], [599, 0, 1, 2]], np.int32)
random = np.random.default_rng(0)
VECTORS = random.normal(size=(ITEMS, DIM)).astype(np.float32)
QUERIES = random.normal(size=(len(HISTORIES), DIM)).astype(np.float32)
WEIGHTS = random.exponential(5, size=(ITEMS, ITEMS)) * (random.random((ITEMS, ITEMS)) < 0.05)
np.fill_diagonal(WEIGHTS, 0)
SCORES = QUERIES @ VECTORS.T + [
    WEIGHTS[sorted({i for i in row if i >= 0})].sum(axis=0) for row in HISTORIES
]


def hybrid(vectors):
    weights = ItemWeightsIndex(sparse.csr_matrix(WEIGHTS.astype(np.float32)), np.zeros(ITEMS))
    return HybridIndex(vectors, weights)


@pytest.fixture(
    scope="module", params=["exact", "inverted-file", "few probes"], ids=lambda name: name
)
def index(request):
    if request.param != "few probes":
        return hybrid(index_for(IndexSettings(request.param, recall=1.0), VECTORS))
    # The best by votes are not in the list that is scanned.
    scanned = InvertedFile(VECTORS, num_lists=8)
    scanned.probes = 1
    return hybrid(scanned)


def best_of(scores, allowed, count):
    return allowed[np.argsort(-scores[allowed], kind="stable")][:count].tolist()


def test_the_best_of_vectors_and_votes_are_found(index):
    queries = index.query(tf.constant(QUERIES), tf.constant(HISTORIES))
    values, items = (x.numpy() for x in index.search(queries, tf.constant(HISTORIES), 5))
    for row in (0, 2):
        expected = best_of(SCORES[row], np.setdiff1d(np.arange(ITEMS), HISTORIES[row]), 5)
        assert items[row].tolist() == expected
        np.testing.assert_allclose(values[row], SCORES[row][expected], rtol=1e-5)


def test_a_filter_finds_them_as_well(index):
    tokens = np.array([[1 + code % 2] for code in range(ITEMS)], np.int32)
    kinds = ItemFilter(("kind=a", "kind=b"), tokens)
    queries = index.query(tf.constant(QUERIES), tf.constant(HISTORIES))
    where = tf.constant([["kind=b"]] * len(HISTORIES))
    _, items = search_where(index, queries, tf.constant(HISTORIES), 3, kinds, where)
    for row in (0, 2):
        allowed = np.setdiff1d(np.arange(1, ITEMS, 2), HISTORIES[row])
        assert items.numpy()[row].tolist() == best_of(SCORES[row], allowed, 3)


def test_no_item_is_found_twice(index):
    queries = index.query(tf.constant(QUERIES), tf.constant(HISTORIES))
    _, items = index.search(queries, tf.constant(HISTORIES), 100)
    for row in items.numpy():
        found = row[row >= 0]
        assert len(np.unique(found)) == len(found)


def test_without_a_history_the_vectors_decide():
    index = hybrid(ExactIndex(VECTORS))
    queries = index.query(tf.constant(QUERIES[1:2]), tf.constant(HISTORIES[1:2]))
    _, items = index.search(queries, tf.constant(HISTORIES[1:2]), 4)
    assert items.numpy()[0].tolist() == best_of(QUERIES[1] @ VECTORS.T, np.arange(ITEMS), 4)
