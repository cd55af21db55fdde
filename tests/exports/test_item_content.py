import polars as pl
import pytest

from kit.errors import UserError
from kit.exports import ItemContent, _item_content
from tests.exports.painter import Colours, Lengths, paint, save_encoder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return str(save_encoder(Colours(), tmp_path_factory.mktemp("colours")))


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    paint(tmp_path / "shop" / "red.png", (255, 0, 0))
    paint(tmp_path / "shop" / "blue.png", (0, 0, 255))
    return tmp_path / "shop"


TABLE = pl.DataFrame({"item_id": ["a", "b", "c"], "photo": ["red.png", None, " blue.png "]})


def test_every_entry_of_a_vector_is_a_number_column(encoder, photos):
    joined = ItemContent("photo", encoder, str(photos)).joined(TABLE)
    assert joined.columns == ["item_id", "photo[0]", "photo[1]", "photo[2]"]
    assert joined.rows() == [("a", 1, 0, 0), ("b", None, None, None), ("c", 0, 0, 1)]


def test_vectors_are_computed_once(encoder, photos, tmp_path, monkeypatch):
    asked = ItemContent("photo", encoder, str(photos))
    first = asked.joined(TABLE)
    with monkeypatch.context() as patch:
        patch.setattr(_item_content.tf, "constant", None)  # Nothing can be embedded now.
        assert asked.joined(TABLE).equals(first)
    [file] = (tmp_path / "cache" / "kit" / "vectors").iterdir()
    file.write_bytes(b"damaged")
    assert asked.joined(TABLE).equals(first)
    paint(photos / "red.png", (0, 255, 0))
    assert asked.joined(TABLE)["photo[1]"].to_list() == [1, None, 0]


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(
    encoder, photos, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert ItemContent("photo", encoder, str(photos)).joined(TABLE)["photo[0]"].to_list()[0] == 1


def test_texts_stay_beside_their_vectors(photos, tmp_path):
    texts = save_encoder(Lengths(), tmp_path / "lengths")
    joined = ItemContent("photo", str(texts)).joined(TABLE)
    assert joined.columns == ["item_id", "photo", "photo[0]"]
    assert joined["photo[0]"].to_list() == [7, None, 8]


@pytest.mark.parametrize(
    ("column", "photo", "said"),
    [
        ("image", "red.png", "no column 'image'"),
        ("photo", "green.png", r"cannot be read(.|\n)*green\.png, of item b"),
        ("photo", "notes.png", r"cannot be decoded(.|\n)*item b"),
        ("photo", None, "No item has an image"),
    ],
)
def test_what_cannot_be_seen_is_named(encoder, photos, column, photo, said):
    (photos / "notes.png").write_text("no image")
    first = "red.png" if photo else None
    table = pl.DataFrame({"item_id": ["a", "b"], "photo": [first, photo]}, strict=False)
    with pytest.raises(UserError, match=said):
        ItemContent(column, encoder, str(photos)).joined(table)


def test_an_export_without_embed_is_no_encoder(trained):
    with pytest.raises(UserError, match="neither images nor texts"):
        ItemContent("item_id", str(trained.model)).joined(TABLE)
