"""`summary()` works on every model: before it is called, and with its numbers afterwards."""

import keras
import pytest

from tests.models.test_exact_inputs import EXACT, public_layers

MODELS = [name for name in EXACT if issubclass(public_layers()[name], keras.Model)]


def test_every_public_model_is_tried():
    assert {name for name, found in public_layers().items() if issubclass(found, keras.Model)} == {
        *MODELS,
        *("NetworkForecaster", "PretrainedSeq2Seq", "Seq2SeqModel"),  # Bases.
    }


@pytest.mark.filterwarnings("default::UserWarning")
@pytest.mark.parametrize("name", MODELS)
def test_a_summary_is_printed(name):
    make, arguments = EXACT[name]
    model = make()
    for built in (False, True):
        if built:
            model(*arguments)
        lines: list[str] = []
        model.summary(print_fn=lambda line, lines=lines: lines.append(line), line_length=90)
        text = "\n".join(lines)
        assert model.name in text
    assert f"{model.count_params():,}" in text
    assert all(layer.name in text or layer.name[:12] in text for layer in model.layers)
