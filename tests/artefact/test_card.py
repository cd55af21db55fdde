import json

import pytest

from kit.artefact import read_card
from kit.errors import UserError


def test_the_card_is_read(tmp_path):
    (tmp_path / "assets.extra").mkdir()
    card = {"recipe": "two-tower", "names": {"1": "čaj 茶"}}
    (tmp_path / "assets.extra" / "card.json").write_text(json.dumps(card, ensure_ascii=False))
    assert read_card(tmp_path) == card


def test_what_has_no_card_is_no_export_of_this_kit(tmp_path):
    with pytest.raises(UserError, match=r"no card(.|\n)*card\.json(.|\n)*kit train"):
        read_card(tmp_path)


@pytest.mark.parametrize(
    ("kept", "does", "asked"),
    [
        ({"labels": {"click": "1", "buy": "1"}}, "predicts click and buy", "1"),
        ({"classes": ["a"], "shape": [8, 8, 3]}, "predicts classes of images", "image=@FILE"),
        ({"classes": ["a"], "pieces": 9}, "predicts classes of texts", "text=TEXT"),
        ({"classes": ["a"], "picture_shape": [8, 8]}, "finds objects in images", "image=@FILE"),
        ({"writes": "summary"}, "writes texts: the summary of a text", "text=TEXT"),
        ({"preset": "x"}, "gives vectors", ""),
    ],
)
def test_what_recommends_nothing_says_what_it_does(tmp_path, kept, does, asked):
    from kit.artefact._card import recommender_card

    (tmp_path / "1" / "assets.extra").mkdir(parents=True)
    (tmp_path / "1" / "assets.extra" / "card.json").write_text(json.dumps(kept))
    with pytest.raises(UserError, match=f"recommends nothing: it {does}") as error:
        recommender_card(tmp_path / "1")
    assert f"kit predict {tmp_path}" in error.value.remedy
    assert asked in error.value.remedy
