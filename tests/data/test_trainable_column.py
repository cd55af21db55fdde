import json

import numpy as np
import polars as pl
import pytest

from kit.data import TrainableColumn
from kit.errors import UserError
from tests.exports.painter import paint

TEXTS = pl.DataFrame(
    {"item_id": ["a", "b", "c"], "about": ["Red cup, large", None, "cup"], "none": ["", " ", None]}
)


def test_texts_become_pieces_and_what_has_none_is_empty():
    content = TrainableColumn.of_texts(TEXTS, "about")
    pieces = content.read(TEXTS)
    assert pieces.shape == (3, *content.shape)
    assert not pieces[1].any()
    assert pieces[2, 0] == pieces[0, 1]


def test_a_card_brings_it_back():
    content = TrainableColumn.of_texts(TEXTS, "about")
    assert TrainableColumn.of_card(json.loads(json.dumps(content.card()))) == content
    later = pl.DataFrame({"item_id": ["d"], "about": ["large cup"]})
    assert content.read(later).any()


def test_images_are_resized_and_black_is_not_nothing(tmp_path):
    paint(tmp_path / "red.png", (255, 0, 0))
    paint(tmp_path / "black.png", (0, 0, 0))
    table = pl.DataFrame({"item_id": ["a", "b", "c"], "photo": ["red.png", "", "black.png"]})
    pixels = TrainableColumn("photo").read(table, tmp_path)
    assert pixels.shape == (3, 32, 32, 3)
    assert pixels.dtype == np.uint8
    assert (pixels[0] == [255, 1, 1]).all()
    assert not pixels[1].any()
    assert (pixels[2] == 1).all()


@pytest.mark.parametrize(
    ("column", "values", "error"),
    [
        ("other", ["x"], "no column 'other'"),
        ("photo", [""], "No item has an image"),
        ("photo", ["gone.png"], "cannot be read: There is no such file"),
        ("photo", ["text.png"], "cannot be decoded"),
    ],
)
def test_what_is_wrong_with_images_is_said(tmp_path, column, values, error):
    (tmp_path / "text.png").write_text("no image")
    table = pl.DataFrame({"item_id": ["a"], "photo": values})
    with pytest.raises(UserError, match=error):
        TrainableColumn(column).read(table, tmp_path)


def test_no_text_at_all_is_refused():
    with pytest.raises(UserError, match="No item has a text"):
        TrainableColumn.of_texts(TEXTS, "none")
