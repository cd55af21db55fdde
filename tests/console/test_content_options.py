from dataclasses import replace

import polars as pl
import pytest

from kit.config import ContentOptions
from kit.errors import UserError
from tests.artefact.painter import Lengths, save_encoder
from tests.evaluation.small import shop

NOTHING = ContentOptions(None, None, None, None, 0.0)


@pytest.mark.parametrize("kind", ["image", "text"])
def test_an_encoder_alone_is_refused(kind):
    encoders = ["folder" if kind == "image" else None, "folder" if kind == "text" else None]
    with pytest.raises(UserError, match="nothing for it to encode") as error:
        ContentOptions(None, encoders[0], None, encoders[1], 0.0)
    assert f"--{kind}-encoder" in str(error.value.where)


def test_images_lie_beside_the_file_of_items():
    assert NOTHING.encoded("items.csv") == []
    [content] = ContentOptions("photo", "encoder", "about", None, 0.0).encoded("shop/items.csv")
    assert (content.column, content.encoder, content.folder) == ("photo", "encoder", "shop")


def test_without_items_there_are_no_images():
    dataset = shop()
    assert NOTHING.joined(dataset, None) == (dataset, [])
    with pytest.raises(UserError, match="Without a table of items"):
        replace(NOTHING, item_image="photo").joined(dataset, None)


def test_texts_are_learned_or_encoded(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    dataset = shop()
    ids = dataset.item_ids.tolist()
    items = pl.DataFrame({"item_id": ids, "about": [f"number {n}" for n in range(len(ids))]})
    dataset = replace(dataset, items=items)
    same, [(content, pieces)] = replace(NOTHING, item_text="about").joined(dataset, None)
    assert same.items.equals(items)
    assert pieces.shape == (dataset.num_items, *content.shape)
    encoder = str(save_encoder(Lengths(), tmp_path / "lengths"))
    joined, learned = replace(NOTHING, item_text="about", text_encoder=encoder).joined(
        dataset, None
    )
    assert learned == []
    assert joined.items.columns == ["item_id", "about", "about[0]"]
