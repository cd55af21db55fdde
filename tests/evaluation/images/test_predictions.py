import numpy as np

from kit.evaluation.images import probabilities_of_images
from tests.export.images import untrained


def test_a_model_is_asked_in_parts(monkeypatch):
    data, model = untrained(classes=3)
    whole = probabilities_of_images(model, data.test)
    np.testing.assert_allclose(whole.sum(axis=1), 1, atol=1e-5)
    monkeypatch.setattr("kit.evaluation.images._predictions.PICTURES_AT_ONCE", 4)
    np.testing.assert_allclose(probabilities_of_images(model, data.test), whole, atol=1e-6)
