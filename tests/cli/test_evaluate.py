import pytest
import tensorflow as tf

from tests.cli.answering import kit, refused, save


@pytest.fixture
def model(tmp_path):
    return save(tmp_path / "model" / "1", {"recipe": "mine"}, "text", lambda text: {"said": text})


def test_a_model_of_no_recipe_is_not_measured(model):
    said = refused(kit(f"evaluate {model}"))
    assert "It is not known how this model is measured" in said
    assert f"kit predict {model}" in said


@pytest.mark.parametrize("content", ["", "[]", "{", "\N{BYTE ORDER MARK}{}"])
def test_a_damaged_card_is_named(model, content):
    (model / "1" / "assets.extra" / "card.json").write_text(content, encoding="utf-8")
    said = refused(kit(f"evaluate {model}"))
    assert "its card is damaged" in said
    assert "card.json" in said


def test_a_model_from_elsewhere_has_no_card(tmp_path):
    tf.saved_model.save(tf.Module(), str(tmp_path / "1"))
    said = refused(kit(f"evaluate {tmp_path}"))
    assert "The export has no card" in said
    assert "an export of this kit" in said
