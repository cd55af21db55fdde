import pytest
import tensorflow as tf

from kit.artefact import read_card
from kit.data.pairs import PairSource, split_pairs
from kit.export import export_pairs
from tests.export.parts import c_library_only
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
    data = split_pairs(PairSource("some", texts, texts, None, ("a", "b"), ""), test_share=0.3)
    writer = make()
    version, checks = export_pairs(
        writer._model, writer, data, tmp_path / "model", output=output, card={"recipe": output}
    )
    assert all(check.passed for check in checks)
    assert {check.signature for check in checks} == {"serving_default", "embed"}
    assert len({check.loader for check in checks}) == loaders
    assert read_card(version).output == output
    loaded = tf.saved_model.load(str(version)).signatures["serving_default"]
    assert loaded(text=tf.constant(["dogs"]))[output].dtype == tf.string
