import numpy as np
import pytest
import scipy.sparse as sparse

from kit.retrieval import FactorizationSettings, fold_in, implicit_als


def weighted_log(users=40, items=25, density=0.2):
    rng = np.random.default_rng(0)
    held = (rng.random((users, items)) < density) * rng.uniform(0.5, 2, (users, items))
    held[3] = 0
    held[5] = 1
    return sparse.csr_matrix(held.astype(np.float32))


def normal_equations(vectors, owned, l2, unobserved):
    """The definition, user by user: all cells weigh `unobserved`, those held their weight more."""
    found = []
    for weights in owned.toarray().astype(np.float64):
        penalty = l2 * ((weights > 0).sum() + unobserved * len(vectors))
        matrix = vectors.T * (weights + unobserved) @ vectors + penalty * np.eye(vectors.shape[1])
        found.append(np.linalg.solve(matrix, vectors.T @ weights))
    return np.array(found)


# Histories are longer, and shorter, than vectors.
@pytest.mark.parametrize("dim", [3, 12])
@pytest.mark.parametrize("room", [2**24, 40])
def test_fold_in_solves_the_normal_equations(monkeypatch, dim, room):
    monkeypatch.setattr("kit.retrieval._implicit_als.NUMBERS_AT_ONCE", room)
    owned = weighted_log()
    vectors = np.random.default_rng(1).normal(size=(25, dim)).astype(np.float32)
    found = fold_in(vectors, owned, 0.05, 0.2)
    expected = normal_equations(vectors.astype(np.float64), owned, 0.05, 0.2)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_each_epoch_lowers_the_loss():
    owned = weighted_log()
    l2, unobserved = 0.05, 0.2

    def loss(epochs):
        settings = FactorizationSettings(dim=4, l2=l2, unobserved=unobserved, epochs=epochs)
        items = implicit_als(owned, settings)
        users = fold_in(items, owned, l2, unobserved)
        held, product = owned.toarray(), users @ items.T
        error = (held * (1 - product) ** 2).sum() + unobserved * (product**2).sum()
        of_users = ((held > 0).sum(1) + unobserved * held.shape[1]) @ (users**2).sum(1)
        of_items = ((held > 0).sum(0) + unobserved * held.shape[0]) @ (items**2).sum(1)
        return error + l2 * (of_users + of_items)

    losses = [loss(epochs) for epochs in range(1, 6)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.9 * owned.sum()


def test_a_seed_gives_the_same_vectors():
    settings = FactorizationSettings(dim=4)
    first, again, other = (implicit_als(weighted_log(), settings, seed=s) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
