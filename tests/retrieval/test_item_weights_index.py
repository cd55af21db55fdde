import numpy as np
import pytest
import scipy.sparse as sparse
import tensorflow as tf

from kit.retrieval import ItemWeightsIndex

ITEMS = 40


@pytest.fixture(scope="module")
def weights():
    rng = np.random.default_rng(0)
    found = rng.normal(size=(ITEMS, ITEMS)) * (rng.random((ITEMS, ITEMS)) < 0.3)
    np.fill_diagonal(found, 0)
    return found.astype(np.float32)


PRIOR = np.linspace(-1, 1, ITEMS).astype(np.float32)
HISTORIES = np.array([[3, 5, 3, -1], [-1, -1, -1, -1], [39, 0, 1, 2]], np.int32)


@pytest.fixture(params=["dense", "sparse"])
def index(request, weights):
    return ItemWeightsIndex(
        weights if request.param == "dense" else sparse.csr_matrix(weights), PRIOR
    )


def test_scores_are_sums_over_distinct_items(index, weights):
    expected = [PRIOR + weights[list(items)].sum(axis=0) for items in ([3, 5], [], [39, 0, 1, 2])]
    np.testing.assert_allclose(index.scores(tf.constant(HISTORIES)), expected, atol=1e-5)


def test_votes_add_up_to_the_score(index, weights):
    asked = np.array([7, 8, 9], np.int32)
    votes = index.votes(tf.constant(HISTORIES), tf.constant(asked)).numpy()
    assert votes[0].tolist() == [weights[3, 7], weights[5, 7], 0, 0]
    scores = index.scores(tf.constant(HISTORIES)).numpy()[np.arange(3), asked]
    np.testing.assert_allclose(votes.sum(axis=1) + PRIOR[asked], scores, atol=1e-5)


def test_an_unknown_item_gets_no_votes(index):
    unknown = tf.constant([-1, -1, -1])
    assert not index.votes(tf.constant(HISTORIES), unknown).numpy().any()
    assert not index.prior_of(unknown).numpy().any()


def test_search_leaves_excluded_items_out(index):
    scores = index.scores(tf.constant(HISTORIES))
    values, items = index.search(scores, tf.constant(HISTORIES), 5)
    for row in range(3):
        left = np.setdiff1d(np.arange(ITEMS), HISTORIES[row])
        best = left[np.argsort(-scores.numpy()[row, left])][:5]
        assert items.numpy()[row].tolist() == best.tolist()
        np.testing.assert_allclose(values[row], scores.numpy()[row, best])


def test_a_list_longer_than_the_catalogue_is_padded(index):
    found = index.search(index.scores(tf.constant(HISTORIES)), tf.constant(HISTORIES), ITEMS)
    assert (found[1].numpy()[0] == -1).sum() == 2
    assert (found[1].numpy()[2] == -1).sum() == 4
