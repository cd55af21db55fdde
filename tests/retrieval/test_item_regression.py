import numpy as np
import pytest
import scipy.sparse as sparse

from kit.retrieval import item_regression, near_items


@pytest.fixture(scope="module")
def owned():
    rng = np.random.default_rng(0)
    groups = rng.integers(4, size=300)
    likes = rng.random((300, 24)) < np.where(np.arange(24) % 4 == groups[:, None], 0.5, 0.1)
    return sparse.csr_matrix(likes.astype(np.float32))


def normal_equations(owned, target, others, l2, dropout):
    """Least squares of an item on others, by the definition: the gradient is zero."""
    counts = (owned.T @ owned).toarray().astype(np.float64)
    penalty = np.diag(l2 + dropout / (1 - dropout) * np.diag(counts)[others])
    return np.linalg.solve(counts[np.ix_(others, others)] + penalty, counts[others, target])


@pytest.mark.parametrize(("l2", "dropout"), [(1.0, 0.0), (50.0, 0.0), (10.0, 0.5)])
def test_each_item_is_regressed_on_all_others(owned, l2, dropout):
    weights = item_regression(owned, l2=l2, dropout=dropout)
    for target in range(owned.shape[1]):
        others = np.delete(np.arange(owned.shape[1]), target)
        expected = normal_equations(owned, target, others, l2, dropout)
        np.testing.assert_allclose(weights[others, target], expected, rtol=1e-4, atol=1e-6)
    assert not np.diag(weights).any()


def test_each_item_is_regressed_on_its_near_ones(owned):
    near = near_items(owned, 5)
    weights = item_regression(owned, l2=20.0, dropout=0.2, near=near)
    assert weights.nnz == 5 * owned.shape[1]
    for target, others in enumerate(near):
        expected = normal_equations(owned, target, others, 20.0, 0.2)
        found = weights[others, target].toarray().ravel()
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_all_others_as_near_ones_are_the_same_regression(owned):
    items = owned.shape[1]
    others = np.array([np.delete(np.arange(items), item) for item in range(items)], np.int32)
    near = item_regression(owned, l2=30.0, near=others).toarray()
    np.testing.assert_allclose(near, item_regression(owned, l2=30.0), rtol=1e-3, atol=1e-5)


def test_an_item_without_near_ones_has_no_weight():
    alone = sparse.csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], np.float32))
    near = near_items(alone, 1)
    assert near.tolist() == [[1], [0], [-1]]
    weights = item_regression(alone, l2=1.0, near=near)
    assert weights.toarray()[2].tolist() == [0, 0, 0]
    assert weights.toarray()[:, 2].tolist() == [0, 0, 0]


def test_an_important_interaction_counts_as_often_as_it_weighs(owned):
    twice = sparse.vstack([owned, owned[:100]])
    importance = np.concatenate([np.full(100, 2.0), np.ones(200)])
    weighted = sparse.diags(np.sqrt(importance)) @ owned
    np.testing.assert_allclose(
        item_regression(weighted, l2=10.0), item_regression(twice, l2=10.0), atol=1e-5
    )


def test_small_catalogues_use_all_pairs(owned):
    assert near_items(owned) is None
    assert near_items(owned, 23) is None


def test_large_catalogues_keep_their_counts_sparse():
    rng = np.random.default_rng(0)
    items = 20_001
    # Users like items that lie side by side.
    first = rng.integers(items - 8, size=40_000)
    columns = (first[:, None] + rng.integers(8, size=(40_000, 4))).ravel()
    rows = np.repeat(np.arange(40_000), 4)
    owned = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), (40_000, items))
    owned.data[:] = 1
    near = near_items(owned, 6)
    weights = item_regression(owned, l2=2.0, near=near)
    counts = (owned.T @ owned).tocsr()
    for target in (0, 7, 12_345, 20_000):
        others = near[target][near[target] >= 0]
        among = counts[others][:, others].toarray() + 2 * np.eye(len(others))
        expected = np.linalg.solve(among, counts[others, target].toarray().ravel())
        found = weights[others, target].toarray().ravel()
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)
