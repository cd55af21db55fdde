import keras
import numpy as np

from kit.models.pretrained import add_lora


def test_what_learns_are_matrices_beside_query_and_value():
    layers = [keras.layers.Dense(4, name=name) for name in ("query", "key", "value", "output")]
    model = keras.Sequential([keras.Input([4]), *layers])
    before = np.asarray(model(np.ones([1, 4])))
    add_lora(model, rank=2)
    assert [weight.shape for weight in model.trainable_weights] == [(4, 2), (2, 4)] * 2
    np.testing.assert_allclose(model(np.ones([1, 4])), before, atol=1e-6)
