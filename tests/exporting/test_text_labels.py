import numpy as np
import pytest
import tensorflow as tf

from kit.exporting import TextLabels
from tests.exporting.words import untrained

LENGTH = 12


@pytest.fixture(scope="module", params=["lstm", "conv", "transformer"])
def made(request):
    tokenizer = "bytes" if request.param == "conv" else "wordpiece"
    data, tokens, model = untrained(7, tokenizer, request.param)
    return data, tokens, model, TextLabels(model, tokens, data.classes, LENGTH).signatures()


def test_texts_in_labels_and_probabilities_out(made):
    data, tokens, model, signatures = made
    texts = tf.constant(list(data.test.texts))
    answer = signatures["serving_default"](text=texts)
    expected = tf.nn.softmax(model(tokens.padded(texts, LENGTH, ends=True))).numpy()
    order = np.argsort(-expected, axis=1)[:, :5]
    assert answer["label"].numpy().astype(str).tolist() == [
        [data.classes[n] for n in row] for row in order
    ]
    np.testing.assert_allclose(
        answer["probability"], np.take_along_axis(expected, order, axis=1), atol=1e-5
    )


def test_a_text_alone_gets_what_it_gets_among_others(made):
    signatures = made[3]
    texts = ["so", "", "good and newer " * 20, "\u8336 \U0001fad6"]
    together = signatures["embed"](text=tf.constant(texts))["embedding"]
    assert together.shape == (4, 8)
    for row, text in enumerate(texts):
        alone = signatures["embed"](text=tf.constant([text]))["embedding"]
        np.testing.assert_allclose(alone[0], together[row], atol=1e-5)


def test_an_empty_batch_is_answered(made):
    answer = made[3]["serving_default"](text=tf.constant([], tf.string))
    assert answer["label"].shape == answer["probability"].shape == (0, 5)
