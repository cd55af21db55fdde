import keras
import numpy as np
import pytest

from kit.evaluation import coloured, grad_cam, integrated_gradients, word_weights
from kit.models import ImageClassifier, TextClassifier, TextEncoder
from kit.tokenizers import Bytes, WordPiece


def test_heat_lies_where_the_class_is_seen():
    encoder = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.AveragePooling2D(4)])
    model = ImageClassifier(encoder, 2, [1.0], [0.0])
    images = np.zeros((2, 16, 16, 1), np.uint8)
    images[0, :4, :4] = images[1, 12:, 12:] = 200
    model(images)
    model.head.set_weights([np.array([[1.0, -1.0]]), np.zeros(2)])
    heat = grad_cam(model, images, np.array([0, 0]))
    assert heat.shape == (2, 16, 16)
    assert heat[0, :4, :4].mean() > 0.7 > 0.05 > heat[0, 8:, 8:].max()
    assert heat[1, 12:, 12:].mean() > 0.7
    # Brightness speaks against the other class everywhere.
    assert grad_cam(model, images, np.array([1, 1])).max() == 0


def test_tokens_have_no_places():
    encoder = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Reshape((16, 1))])
    model = ImageClassifier(encoder, 2, [1.0], [0.0])
    assert grad_cam(model, np.zeros((1, 4, 4, 1), np.uint8), np.array([0])) is None


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


PIECES = WordPiece(["[PAD]", "[UNK]", "[START]", "[END]", "so", "##ft", "tea", "!"])


def test_pieces_of_a_word_are_summed_and_the_text_stays_as_written():
    text = "  Soft, Tea! "
    weights = np.array([1.0, 2.0, 0.5, -4.0, 8.0])
    found = word_weights(PIECES, text, weights, 20)
    assert "".join(part for part, _ in found) == text
    assert [(part, weight) for part, weight in found if weight is not None] == [
        ("Soft", 3.0),
        (",", 0.5),
        ("Tea", -4.0),
        ("!", 8.0),
    ]


def test_what_was_not_read_has_no_number():
    # Five pieces, of which the first and the last three were read.
    found = word_weights(PIECES, "tea so soft !", np.array([1.0, 2.0, 3.0, 4.0]), 6)
    weights = [weight for part, weight in found if part != " "]
    assert np.isnan(weights[1])
    assert [weights[n] for n in (0, 2, 3)] == [1.0, 5.0, 4.0]
    assert "so" in coloured(found)


def test_bytes_are_grouped_by_words():
    found = word_weights(Bytes(), "\u8336 x", np.array([1.0, 1, 1, 0, 5]), 9)
    assert found == [("\u8336", 3.0), (" ", 0.0), ("x", 5.0)]


def test_words_are_escaped_and_faint_ones_left_plain():
    html = coloured([("<b>", 2.0), (" & ", None), ("x", 0.01)])
    assert "&lt;b&gt;</mark> &amp; x" in html
    assert coloured([("a", None), ("b", 0.0)]) == "ab"
