import keras
import numpy as np
import pytest

from kit.evaluation.texts import integrated_gradients
from kit.models import TextClassifier, TextEncoder

NUMBERS = np.array([[2, 7, 9, 4, 3], [2, 5, 3, 0, 0]], np.int32)
NOTHING = np.array([[2, 1, 1, 1, 3], [2, 1, 3, 0, 0]], np.int32)


@pytest.mark.parametrize(
    "kind",
    ["lstm", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("conv", "transformer"))],
)
def test_they_sum_to_what_the_text_adds(kind):
    keras.utils.set_random_seed(1)
    model = TextClassifier(TextEncoder(12, kind, dim=8, heads=2), 3)
    classes = np.array([2, 0])
    model(NUMBERS)
    found = integrated_gradients(model, NUMBERS, classes, unknown=1, marks=(2, 3), steps=512)
    rows = np.arange(2)
    added = np.asarray(model(NUMBERS))[rows, classes] - np.asarray(model(NOTHING))[rows, classes]
    np.testing.assert_allclose(found.sum(axis=1), added, atol=2e-3, rtol=0.01)
    assert (found[NUMBERS < 4] == 0).all()
    assert (found[NUMBERS > 3] != 0).all()


def test_of_a_linear_model_they_are_the_weights():
    class Sum(keras.layers.Layer):
        def build(self, shape):
            self.embedding = keras.layers.Embedding(12, 1)
            self.embedding.build(shape)

        def call(self, numbers, training=False):
            return self.encoded(self.embedded(numbers), numbers != 0)

        def embedded(self, numbers):
            return self.embedding(numbers)

        def encoded(self, vectors, mask, training=False):
            there = keras.ops.cast(mask, "float32")[..., None]
            return {"vectors": vectors, "pooled": keras.ops.sum(vectors * there, axis=1)}

        def compute_output_shape(self, shape):
            return {"vectors": (*shape, 1), "pooled": (shape[0], 1)}

    model = TextClassifier(Sum(), 2)
    model(NUMBERS)
    model.encoder.embedding.set_weights([np.arange(12, dtype=np.float32)[:, None]])
    model.head.set_weights([np.array([[0.5, -2.0]]), np.zeros(2)])
    found = integrated_gradients(model, NUMBERS, np.array([1, 0]), unknown=1, marks=(2, 3))
    np.testing.assert_allclose(found[0], [0, -12, -16, -6, 0], atol=1e-4)
    np.testing.assert_allclose(found[1], [0, 2, 0, 0, 0], atol=1e-4)
