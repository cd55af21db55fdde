import keras
import numpy as np
import pytest

from kit.models import TextClassifier, TextEncoder

NUMBERS = np.array([[2, 7, 9, 4, 3], [2, 5, 3, 0, 0]], np.int32)


def made(kind="conv", **how):
    return TextClassifier(TextEncoder(12, kind, dim=8, heads=2), 3, **how)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("kind", ["lstm", "conv", "transformer"])
def test_it_is_saved_and_loaded_with_its_encoder(tmp_path, kind):
    model = made(kind, dropout=0.2)
    expected = model(NUMBERS)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(NUMBERS), expected, atol=1e-6)
    assert again.encoder.get_config() == model.encoder.get_config()
    assert {**again.get_config(), "encoder": 0} == {**model.get_config(), "encoder": 0}


def test_classes_are_read_from_the_embedding():
    model = made()
    logits = model(NUMBERS)
    np.testing.assert_allclose(model.head(model.embed(NUMBERS)), logits, atol=1e-6)
    vectors = model.encoder.embedded(NUMBERS)
    np.testing.assert_allclose(model.logits_of_vectors(vectors, NUMBERS != 0), logits, atol=1e-6)


@pytest.mark.slow
def test_it_learns_by_compile_and_fit():
    keras.utils.set_random_seed(0)
    model = made("lstm")
    numbers = np.tile(NUMBERS, [32, 1])
    labels = np.tile([0, 2], 32)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss=loss, jit_compile=False)
    model.fit(numbers, labels, epochs=12, verbose=0)
    assert np.argmax(model(NUMBERS), axis=1).tolist() == [0, 2]


def test_under_mixed_precision_logits_are_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = made()
    finally:
        keras.config.set_dtype_policy("float32")
    assert model(NUMBERS).dtype == model.embed(NUMBERS).dtype == "float32"
