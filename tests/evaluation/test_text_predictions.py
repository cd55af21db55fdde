import numpy as np

from kit.evaluation import probabilities_of_texts
from kit.tokenizers import encode_batch
from tests.exporting.words import untrained


def test_texts_are_asked_by_length_and_answered_in_order(monkeypatch):
    data, tokens, model = untrained(kind="transformer")
    numbers = encode_batch(tokens, data.train.texts, 16)
    whole = probabilities_of_texts(model, numbers)
    np.testing.assert_allclose(whole.sum(axis=1), 1, atol=1e-5)
    monkeypatch.setattr("kit.evaluation._classes.TEXTS_AT_ONCE", 5)
    np.testing.assert_allclose(probabilities_of_texts(model, numbers), whole, atol=1e-5)
