import numpy as np
import scipy.sparse as sparse

from kit.retrieval import explain_by_history, item_cooccurrence, nearest_neighbours


def owned_at_random(users=40, items=15, seed=0):
    return (np.random.default_rng(seed).random((users, items)) < 0.2).astype(np.float32)


def test_cosines_are_those_of_the_columns():
    owned = owned_at_random()
    norms = np.linalg.norm(owned, axis=0)
    expected = (owned.T @ owned) / np.outer(norms, norms)
    np.fill_diagonal(expected, 0)
    found = item_cooccurrence(sparse.csr_matrix(owned), neighbours=14).toarray()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_only_the_nearest_stay():
    cosines = item_cooccurrence(sparse.csr_matrix(owned_at_random()), neighbours=14)
    few = item_cooccurrence(sparse.csr_matrix(owned_at_random()), neighbours=3).toarray()
    for item, column in enumerate(few.T):
        kept = column[column > 0]
        assert len(kept) >= 3
        assert kept.min() >= np.sort(cosines.toarray()[:, item])[-3] - 1e-6


def test_the_table_holds_the_strongest_in_rising_order():
    cosines = item_cooccurrence(sparse.csr_matrix(owned_at_random()), neighbours=14)
    rows, values = nearest_neighbours(cosines, 4)
    dense = cosines.toarray()
    assert (np.diff(rows, axis=1) >= 0).all()
    for item in range(15):
        np.testing.assert_allclose(values[item], dense[rows[item], item])
        np.testing.assert_allclose(np.sort(values[item]), np.sort(dense[:, item])[-4:])


def test_items_without_neighbours_have_padding():
    rows, values = nearest_neighbours(sparse.csc_matrix((3, 3), dtype=np.float32), 2)
    assert rows.tolist() == [[-1, -1]] * 3
    assert not values.any()


def test_the_nearest_items_by_cosine_come_first():
    recommended = np.float32([[1, 0], [0, 3]])
    history = np.float32([[9, 9], [0, 0.1], [2, 0.1]])
    assert explain_by_history(recommended, history).tolist() == [[2, 0], [1, 0]]


def test_no_more_than_the_history_has():
    assert (
        explain_by_history(np.ones([2, 3], np.float32), np.ones([1, 3], np.float32)).tolist()
        == [[0]] * 2
    )


def test_a_vector_of_zeros_is_like_nothing():
    history = np.float32([[0, 0], [1, 1]])
    assert explain_by_history(np.float32([[1, 0]]), history, count=1).tolist() == [[1]]
