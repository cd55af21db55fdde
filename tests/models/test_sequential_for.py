import keras
import numpy as np
import pytest

from kit.models import SequenceEncoder, SequenceLoss, SequentialRecommender
from tests.evaluation.small import random_dataset


def test_it_has_the_size_of_the_data_and_its_features():
    data = random_dataset()
    settings = {"dim": 4, "length": 8, "loss": SequenceLoss()}
    model = SequentialRecommender.for_dataset(
        data, encoder=SequenceEncoder("gru"), **settings, temperature=0.2
    )
    assert (model.num_items, model.dim, model.length) == (data.num_items, 4, 8)
    assert model.temperature == 0.2
    assert (model.item_tower.bag is not None) == (data.items is not None)
    plain = SequentialRecommender.for_dataset(
        data, encoder=SequenceEncoder("gru"), **settings, features=False
    )
    assert plain.item_tower.bag is None
    assert np.asarray(plain.item_vectors()).shape == (data.num_items + 1, 5)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("length", [None, 5])
def test_any_causal_layer_can_be_the_encoder(tmp_path, length):
    data = random_dataset()
    layer = keras.layers.GRU(4, return_sequences=True)
    model = SequentialRecommender.for_dataset(data, dim=4, encoder=layer, length=length)
    history = np.array([[1, 2, 3], [2, 0, 0]])
    queries = model({"history": history})
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded({"history": history}), queries, rtol=1e-6)
    assert not model.is_timed


def test_names_of_encoders_and_losses():
    data = random_dataset()
    model = SequentialRecommender.for_dataset(data, dim=4, encoder="gru", loss="sampled")
    assert (model.encoder.kind, model.sequence_loss.kind) == ("gru", "sampled")
    for wrong in ({"encoder": "rnn"}, {"loss": "softmax"}):
        with pytest.raises(ValueError, match="must be"):
            SequentialRecommender.for_dataset(data, dim=4, **wrong)
