import warnings

import pytest
from click.testing import CliRunner

from kit.cli import main
from tests.exporting.parts import passing
from tests.models.pretrained.test_texts import save_tiny_bert


def kit(line):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, line.split())


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_preset_becomes_an_export(tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    save_tiny_bert(tmp_path / "preset")
    answer = kit(f"encoder {tmp_path / 'preset'} --output {tmp_path / 'model'}")
    assert answer.exit_code == 0, answer.output
    assert f"model:     {tmp_path / 'model' / '1'}" in answer.output
    card = (tmp_path / "model" / "1" / "assets.extra" / "model_card.md").read_text()
    assert "Model card: encoder" in card
    assert str(tmp_path) not in card
    asked = kit(f"predict {tmp_path / 'model'} --input text=good")
    assert asked.exit_code == 0, asked.output
    # It says nothing that could be measured.
    measured = kit(f"evaluate {tmp_path / 'model'}")
    assert measured.exit_code == 2, measured.output


def test_what_is_no_preset_is_named(tmp_path):
    pytest.importorskip("keras_hub", reason="the extra `pretrained` is not installed")
    answer = kit(f"encoder {tmp_path / 'nothing'}")
    assert answer.exit_code == 2
    assert "there is no such folder" in answer.output
