import keras
import numpy as np
import pytest
import scipy.sparse as sparse

from kit.models import LinearRecommender

WEIGHTS = np.float32([[0, 2, 1, 0], [2, 0, 0, 0], [1, 0, 0, -1], [0, 0, 3, 0]])
HISTORIES = {"history": np.array([[1, 4, 0], [0, 0, 0], [2, 2, 3]])}
EXPECTED = [[0, 2, 4, 0], [0, 0, 0, 0], [3, 0, 0, -1]]


@pytest.fixture(params=[None, 2])
def model(request):
    model = LinearRecommender(num_users=3, num_items=4, neighbours=request.param)
    model.set_item_weights(sparse.csr_matrix(WEIGHTS) if request.param else WEIGHTS)
    return model


def test_scores_are_sums_over_the_distinct_items_of_a_history(model):
    assert model(HISTORIES).numpy().tolist() == EXPECTED


def test_the_prior_and_popularity_are_added(model):
    model.set_popularity(np.array([0, 1.0, 0, 0]))
    model.set_item_prior(np.array([0, 0, 5.0, 0]))
    nobody = model(HISTORIES).numpy()[1]
    assert nobody[2] == 5
    assert 0 < nobody[1] <= 0.001


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_saved_model_scores_alike(model, tmp_path):
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded(HISTORIES).numpy().tolist() == EXPECTED
    found = loaded.item_weights()
    assert (found.toarray() if sparse.issparse(found) else found).tolist() == WEIGHTS.tolist()


def test_weights_that_do_not_fit_are_refused(model):
    with pytest.raises(ValueError, match="do not fit a model of 4 items"):
        model.set_item_weights(WEIGHTS[:3, :3])
    narrow = LinearRecommender(num_users=3, num_items=4, neighbours=1)
    with pytest.raises(ValueError, match="raise `neighbours`"):
        narrow.set_item_weights(sparse.csr_matrix(WEIGHTS))
