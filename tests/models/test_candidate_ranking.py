import keras
import numpy as np
import pytest

from kit.losses import ListwiseSoftmax
from kit.models import CandidateRanking

LOWEST = np.finfo(np.float32).min


def lists(count=64, n=6, seed=0):
    random = np.random.default_rng(seed)
    retrieval = -np.sort(random.normal(size=(count, n)), axis=1).astype(np.float32)
    retrieval[0, 4:] = LOWEST
    price = random.normal(size=(count, n)).astype(np.float32)
    return {"retrieval": retrieval, "price": price}


def small(**more):
    model = CandidateRanking(["retrieval", "price"], dim=4, hidden=[8], dropout=0.0, **more)
    model.set_numbers(lists())
    return model


def test_the_score_is_the_retrieval_score_and_the_weighted_ranking():
    model, given = small(), lists()
    ranking = model.ranking(given).numpy()
    shown = given["retrieval"] > LOWEST
    assert ranking[shown].std() > 0
    assert not ranking[~shown].any()
    for weight in (1.0, 0.25, 0.0):
        model.set_weight(weight)
        score = model(given).numpy()
        expected = (given["retrieval"] + weight * ranking)[shown]
        np.testing.assert_allclose(score[shown], expected, rtol=1e-5, atol=1e-6)
        assert (score[~shown] == LOWEST).all()


def test_candidates_do_not_depend_on_their_neighbours():
    model, given = small(), lists()
    alone = model({name: value[:, 2:3] for name, value in given.items()})
    np.testing.assert_allclose(alone[:, 0], model(given)[:, 2], rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_it_learns_what_retrieval_lacks():
    keras.utils.set_random_seed(0)
    model, given = small(), lists(count=256)
    # The dearest candidate is taken, whatever retrieval thinks.
    shown = np.where(given["retrieval"] > LOWEST, given["price"], -np.inf)
    taken = np.equal(shown, shown.max(axis=1, keepdims=True)).astype(np.float32)
    model.compile(keras.optimizers.Adam(0.02), ListwiseSoftmax(), jit_compile=False)
    before = model.evaluate(given, taken, verbose=0)
    model.fit(given, taken, batch_size=64, epochs=25, verbose=0)
    assert model.evaluate(given, taken, verbose=0) < 0.5 * before
    assert float(model.weight.numpy()[0]) == 1


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
def test_it_survives_saving(tmp_path):
    model, given = small(), lists()
    model.set_weight(0.5)
    model(given)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(given), model(given))


def test_the_retrieval_score_has_to_be_a_feature():
    with pytest.raises(ValueError, match="retrieval"):
        CandidateRanking(["price"])
