import keras
import numpy as np
import pytest

from kit.data import Histories
from kit.models import ImplicitALS, item_scorer, queries
from kit.retrieval import FactorizationSettings, fold_in

SETTINGS = FactorizationSettings(l2=0.05, unobserved=0.2)
KNOWN = Histories(np.array([0, 3, 3, 4]), np.array([0, 4, 2, 5], np.int32))
USERS = np.arange(3)


@pytest.fixture
def vectors():
    return np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


@pytest.fixture
def model(vectors):
    model = ImplicitALS(num_users=3, num_items=6, dim=4)
    model.set_factors(vectors, SETTINGS, scale=8.0)
    return model


def scores(model):
    return item_scorer(model)(queries(model, USERS, KNOWN))


def test_scores_are_those_of_the_fit_times_the_scale(model, vectors):
    folded = fold_in(vectors, KNOWN.matrix(6), SETTINGS.l2, SETTINGS.unobserved)
    np.testing.assert_allclose(scores(model), 8 * folded @ vectors.T, atol=1e-4)


def test_the_prior_is_added(model):
    before = scores(model)
    prior = np.arange(6, dtype=np.float32)
    model.set_item_prior(prior)
    np.testing.assert_allclose(scores(model), before + prior, atol=1e-5)


def test_contributions_sum_to_the_scores(model):
    items = np.arange(1, 7)
    added = model.contributions(np.array([1, 5, 3]), items)
    assert added.shape == (3, 6)
    np.testing.assert_allclose(added.sum(axis=0), scores(model)[0], atol=1e-5)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_saved_model_scores_alike(model, tmp_path):
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert np.array_equal(scores(loaded), scores(model))
