import numpy as np
import pytest
import tensorflow as tf

from kit.export import TextGenerator
from tests.models.writers import TEXTS, sentence_chooser, text_to_text


@pytest.mark.parametrize(
    ("make", "output"), [(text_to_text, "translation"), (sentence_chooser, "summary")]
)
def test_strings_in_strings_out(make, output):
    writer = make()
    module = TextGenerator(writer, writer._model.variables, output)
    texts = tf.constant([*TEXTS, ""])
    answer = module.signatures()["serving_default"](text=texts)
    expected = writer(texts)
    assert answer[output].numpy().tolist() == expected["text"].numpy().tolist()
    np.testing.assert_allclose(answer["score"], expected["score"], atol=1e-5)
    nothing = module.signatures()["serving_default"](text=tf.zeros([0], tf.string))
    assert nothing[output].shape == (0,)
    vectors = module.signatures()["embed"](text=texts)["embedding"]
    np.testing.assert_allclose(vectors, writer.embed(texts), atol=1e-5)
