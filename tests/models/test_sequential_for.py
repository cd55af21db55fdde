import numpy as np

from kit.models import SequenceEncoder, SequenceLoss, sequential_for
from tests.evaluation.small import random_dataset


def test_it_has_the_size_of_the_data_and_its_features():
    data = random_dataset()
    settings = {"dim": 4, "length": 8, "loss": SequenceLoss()}
    model = sequential_for(data, encoder=SequenceEncoder("gru"), **settings, temperature=0.2)
    assert (model.num_items, model.dim, model.length) == (data.num_items, 4, 8)
    assert model.temperature == 0.2
    assert (model.item_tower.bag is not None) == (data.items is not None)
    plain = sequential_for(data, encoder=SequenceEncoder("gru"), **settings, features=False)
    assert plain.item_tower.bag is None
    assert np.asarray(plain.item_vectors()).shape == (data.num_items + 1, 5)
