import numpy as np
import pytest
import tensorflow as tf

from kit.data.text2text import Text2TextSource, split_text2text
from kit.exporting import TextGenerator, export_text2text
from kit.exports import read_card
from tests.exporting.parts import c_library_only
from tests.models.writers import TEXTS, sentence_chooser, text_to_text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "output", "loaders"),
    [
        (text_to_text, "translation", 1),
        pytest.param(sentence_chooser, "summary", 3, marks=pytest.mark.slow),
    ],
)
def test_the_export_answers_in_other_processes_as_the_model_does(
    tmp_path, monkeypatch, make, output, loaders
):
    if loaders == 1:
        c_library_only(monkeypatch)
    texts = [f"{text} {n}" for n in range(12) for text in TEXTS]
    data = split_text2text(
        Text2TextSource("some", texts, texts, None, ("a", "b"), ""), test_share=0.3
    )
    writer = make()
    version, checks = export_text2text(
        writer._model, writer, data, tmp_path / "model", output=output, card={"recipe": output}
    )
    assert all(check.passed for check in checks)
    assert {check.signature for check in checks} == {"serving_default", "embed"}
    assert len({check.loader for check in checks}) == loaders
    assert read_card(version).output == output
    loaded = tf.saved_model.load(str(version)).signatures["serving_default"]
    assert loaded(text=tf.constant(["dogs"]))[output].dtype == tf.string


@pytest.mark.parametrize(
    ("make", "output"),
    [
        pytest.param(text_to_text, "translation", marks=pytest.mark.slow),
        (sentence_chooser, "summary"),
    ],
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
