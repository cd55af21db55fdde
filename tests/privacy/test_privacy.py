"""The noise is what the guarantee needs, and what is released is as noisy as it says."""

import numpy as np
import pytest
import scipy.sparse as sparse

from kit.errors import UserError
from kit.privacy import (
    audit_by_canaries,
    delta_of,
    epsilon_of,
    epsilon_shown,
    membership,
    noise_of,
    private_items,
    private_weights,
)

# Of dp-accounting 0.6.0, by privacy loss distributions with steps of 1e-5.
ACCOUNTED = [
    (0.65, 1e-6, 8.04254789),
    (4.22, 1e-6, 1.00119513),
    (1.5, 1e-4, 2.36518203),
    (10.0, 1e-7, 0.44707842),
]


@pytest.mark.parametrize(("noise", "delta", "epsilon"), ACCOUNTED)
def test_the_accountant_agrees_with_another(noise, delta, epsilon):
    assert epsilon_of(noise, delta) == pytest.approx(epsilon, abs=1e-6)
    assert noise_of(epsilon, delta) == pytest.approx(noise, abs=1e-6)


def test_two_releases_are_one_with_less_noise():
    # Noise 3 and noise 2, composed by the same package.
    assert epsilon_of((3**-2 + 2**-2) ** -0.5, 1e-6) == pytest.approx(2.76065583, abs=1e-6)


@pytest.mark.parametrize("epsilon", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("delta", [1e-12, 1e-3])
def test_noise_and_epsilon_are_inverse_to_each_other(epsilon, delta):
    noise = noise_of(epsilon, delta)
    assert epsilon_of(noise, delta) == pytest.approx(epsilon, rel=1e-6)
    assert delta_of(epsilon, 1.01 * noise) < delta < delta_of(epsilon, 0.99 * noise)


def people(count=3_000, items=30, seed=0):
    rng = np.random.default_rng(seed)
    return sparse.csr_matrix((rng.random((count, items)) < 0.3).astype(float))


def test_all_that_is_released_stays_within_the_budget():
    found = private_items(people(), epsilon=2.0, delta=1e-6, rng=np.random.default_rng(0))
    together = (found.noise**-2 + found.noise_of_items**-2) ** -0.5
    assert delta_of(2.0, together) == pytest.approx(0.5e-6, rel=1e-4)


def test_the_noise_has_the_deviation_that_is_said():
    owned = people()
    lengths = np.sqrt(owned.getnnz(axis=1))
    rows = sparse.diags(1 / np.maximum(lengths, 1)) @ owned
    exact = (rows.T @ rows).toarray()
    errors = []
    for seed in range(20):
        found = private_items(owned, epsilon=2.0, delta=1e-6, rng=np.random.default_rng(seed))
        assert np.array_equal(found.together, found.together.T)
        error = found.together - exact[np.ix_(found.items, found.items)]
        errors.append(error[np.triu_indices(len(found.items))])
    assert np.std(np.concatenate(errors)) == pytest.approx(found.noise, rel=0.03)


@pytest.mark.parametrize("history", [1, 7, 30])
def test_one_person_moves_what_is_released_by_at_most_one(history):
    mine = np.zeros((1, 30))
    mine[0, :history] = 1

    def exact(owned):
        lengths = np.sqrt(sparse.csr_matrix(owned).getnnz(axis=1))
        rows = sparse.diags(1 / np.maximum(lengths, 1)) @ owned
        upper = np.triu((rows.T @ rows).toarray())
        return np.asarray(rows.sum(axis=0)).ravel(), upper

    without, with_me = exact(people()), exact(sparse.vstack([people(), mine]).tocsr())
    for one, other in zip(without, with_me, strict=True):
        assert np.linalg.norm(one - other) <= 1 + 1e-9


def test_an_item_of_one_person_is_next_to_never_released():
    owned = sparse.lil_matrix(people(400))
    owned[:, 7] = 0
    owned[0] = 0
    owned[0, 7] = 1
    for seed in range(200):
        found = private_items(owned, epsilon=4.0, delta=1e-5, rng=np.random.default_rng(seed))
        assert 7 not in found.items


def test_repeated_events_and_long_histories_count_no_more_than_others():
    once, often = people(), 5 * people()
    found = [
        private_items(owned, epsilon=2.0, delta=1e-6, rng=np.random.default_rng(0))
        for owned in (once, often)
    ]
    np.testing.assert_array_equal(found[0].together, found[1].together)
    # 3,000 items of one person: 1,000 of them count, so no entry moves.
    wide = sparse.csr_matrix(np.ones((2, 3_000)))
    with pytest.raises(UserError, match="2 people are too few"):
        private_items(wide, epsilon=1.0, delta=1e-6, rng=np.random.default_rng(0))


def test_histories_are_not_changed():
    often = sparse.csr_matrix(5 * people(), dtype=np.float64)
    private_items(often, epsilon=2.0, delta=1e-6)
    audit_by_canaries(often, epsilon=2.0, delta=1e-6, canaries=20)
    np.testing.assert_array_equal(often.data, 5)


def test_weights_recover_who_goes_with_whom():
    rng = np.random.default_rng(0)
    taste = rng.integers(0, 2, 8_000)
    owned = (rng.random((8_000, 20)) < np.where(np.arange(20) % 2 == taste[:, None], 0.4, 0.05)) * 1
    found = private_items(sparse.csr_matrix(owned), epsilon=4.0, delta=1e-6)
    weights = private_weights(found)
    alike = found.items[:, None] % 2 == found.items % 2
    off = ~np.eye(len(weights), dtype=bool)
    assert weights[alike & off].mean() > weights[~alike].mean() + 0.01
    assert not weights.diagonal().any()


class NoNoise:
    """A generator whose noise is zero."""

    def normal(self, mean, deviation, shape):
        return np.zeros(shape)


def noiseless(owned, *, epsilon, delta):
    return private_items(owned, epsilon=epsilon, delta=delta, rng=NoNoise())


def crowd():
    rng = np.random.default_rng(0)
    return sparse.csr_matrix(rng.random((4_000, 60)) < 0.1)


@pytest.mark.parametrize("epsilon", [1.0, 4.0])
def test_the_audit_shows_nothing_against_the_guarantee_in_twenty_runs(epsilon):
    owned = crowd()
    for seed in range(20):
        found = audit_by_canaries(owned, epsilon=epsilon, delta=1e-6, seed=seed)
        assert found.passed, found
        assert found.possible > epsilon


@pytest.mark.parametrize("epsilon", [1.0, 4.0])
def test_without_noise_the_audit_refutes_the_guarantee(epsilon):
    found = audit_by_canaries(
        crowd(), epsilon=epsilon, delta=1e-6, release=noiseless, canaries=1_500
    )
    assert found.correct == found.guesses
    assert found.shown == found.possible > epsilon
    assert not found.passed


def test_with_a_tenth_of_the_noise_the_audit_refutes_the_guarantee():
    def weak(owned, *, epsilon, delta):
        stronger = epsilon_of(noise_of(epsilon, delta) / 10, delta)
        return private_items(owned, epsilon=stronger, delta=delta)

    assert not audit_by_canaries(crowd(), epsilon=1.0, delta=1e-6, release=weak).passed


def test_the_bound_of_correct_guesses():
    assert epsilon_shown(0, 0) == 0
    assert epsilon_shown(100, 100) == pytest.approx(3.49, abs=0.01)
    assert epsilon_shown(1_000, 1_000) == pytest.approx(5.81, abs=0.01)
    assert epsilon_shown(90, 100) < epsilon_shown(99, 100)
    with pytest.raises(ValueError, match="cannot be right"):
        epsilon_shown(4, 3)


def attacked(effect, seed=0, people=600):
    rng = np.random.default_rng(seed)
    hard = rng.normal(0, 2, people)
    member = rng.random(people) < 0.5
    in_reference = rng.random((3, people)) < 0.5
    losses = hard - effect * member + rng.normal(0, 0.5, people)
    references = hard - effect * in_reference + rng.normal(0, 0.5, (3, people))
    return membership(losses, references, member, in_reference)


def test_reference_models_tell_what_the_loss_alone_hides():
    found = attacked(1.0)
    assert found.auc.mean > 0.8 > 0.7 > found.plain
    assert found.auc.low < found.auc.mean < found.auc.high
    assert found.found > 0.1


def test_where_nothing_is_learned_of_people_nobody_is_told_apart():
    aucs = [attacked(0.0, seed).auc for seed in range(20)]
    assert np.mean([one.mean for one in aucs]) == pytest.approx(0.5, abs=0.02)
    assert sum(not one.low <= 0.5 <= one.high for one in aucs) <= 3


def test_without_members_there_is_nothing_to_guess():
    nobody = np.zeros(9, bool)
    with pytest.raises(ValueError, match="Members and others are needed"):
        membership(np.ones(9), np.ones((2, 9)), nobody, np.zeros((2, 9), bool))
