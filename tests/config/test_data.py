from dataclasses import replace

import polars as pl
import pytest

from kit.config import (
    ContentOptions,
    DataOptions,
    DetectionOptions,
    ImageOptions,
    TableOptions,
    Text2TextOptions,
    TextOptions,
)
from kit.errors import UserError
from tests.data.detection.boxed import squares, write_voc
from tests.evaluation.small import shop as shop_dataset
from tests.exports.painter import Lengths, save_encoder


def test_interactions_are_opened_and_split(shop):
    data, items = shop
    options = DataOptions(data=str(data), items=str(items), split="random", limit=500)
    dataset = options.dataset()
    assert dataset.options == options
    assert dataset.split_method == "random"
    assert len(dataset.train) + len(dataset.valid) + len(dataset.test) == 500
    with pytest.raises(UserError, match="who"):
        replace(options, user_column="who").open()


@pytest.mark.parametrize(
    ("given", "size"), [("64", (64, 64)), ("48x64", (48, 64)), (None, None), ("4096", (4096, 4096))]
)
def test_sizes_of_images(given, size):
    assert ImageOptions(data="x", size=given).height_and_width() == size


@pytest.mark.parametrize("given", ["big", "0", "3", "64x", "64x64x3", "-1", "9999", "64X64"])
def test_sizes_that_are_none(given):
    with pytest.raises(UserError, match="is not an image size") as error:
        ImageOptions(data="x", size=given)
    assert "--size 48x64" in error.value.remedy


def test_images_are_opened_and_split():
    options = ImageOptions(data="fashion-mnist-part", seed=3, limit=200)
    data = options.dataset()
    assert data.options == ImageOptions.of_card(options.card())
    assert len(data.train) + len(data.valid) == 200
    assert options.dataset(size=(8, 8), in_colour=True).shape == (8, 8, 3)


def test_texts_are_opened_and_split(tmp_path):
    rows = "".join(f"{'ab'[n % 2]},text {n}\n" for n in range(40))
    (tmp_path / "a.csv").write_text("mood,said\n" + rows)
    options = TextOptions(
        data=str(tmp_path / "a.csv"), text_column="said", label_column="mood", limit=30
    )
    data = options.dataset()
    assert (data.classes, data.options) == (("a", "b"), options)
    assert len(data.train) + len(data.valid) <= 30


def test_pairs_are_opened_and_split():
    options = Text2TextOptions(
        data="tatoeba-eng-fra-part", from_language="fr", to_language="en", seed=3, limit=200
    )
    data = options.dataset()
    assert (data.names, data.options) == (("fr", "en"), options)
    assert len(data.train) + len(data.valid) == 200


def test_boxes_are_opened_and_split(tmp_path):
    folder = write_voc(tmp_path, squares(20))
    options = DetectionOptions(data=str(folder), classes=("dark",), limit=5, seed=3)
    data = DetectionOptions.of_card(options.card()).dataset()
    assert (data.classes, len(data.train), data.options) == (["dark"], 5, options)


@pytest.mark.parametrize(
    ("given", "positives"),
    [
        ("yes", {"y": "yes"}),
        ("y=yes", {"y": "yes"}),
        ("<=50K", {"y": "<=50K"}),
        ("y=<=50K", {"y": "<=50K"}),
    ],
)
def test_a_positive_value_may_look_like_a_pair(tmp_path, given, positives):
    value = next(iter(positives.values()))
    rows = "".join(f"{n},{value if n % 2 else 'other'}\n" for n in range(60))
    (tmp_path / "a.csv").write_text("x,y\n" + rows)
    options = TableOptions(data=str(tmp_path / "a.csv"), label=("y",), positive=(given,))
    assert options.dataset().positives == positives


def test_an_encoder_alone_is_refused():
    for kind in ("image", "text"):
        with pytest.raises(UserError, match="nothing for it to encode") as error:
            ContentOptions(**{f"{kind}_encoder": "folder"})
        assert f"--{kind}-encoder" in str(error.value.where)


def test_without_items_there_are_no_images():
    dataset = shop_dataset()
    assert ContentOptions().joined(dataset, None) is dataset
    with pytest.raises(UserError, match="Without a table of items"):
        ContentOptions(item_image="photo").joined(dataset, None)


def test_texts_of_items_are_learned_or_encoded(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    dataset = shop_dataset()
    ids = dataset.item_ids.tolist()
    items = pl.DataFrame({"item_id": ids, "about": [f"number {n}" for n in range(len(ids))]})
    dataset = replace(dataset, items=items)
    learned = ContentOptions(item_text="about").joined(dataset, None)
    assert learned.items.equals(items)
    [(content, tokens)] = learned.contents
    assert tokens.shape == (len(ids), *content.shape)
    encoder = str(save_encoder(Lengths(), tmp_path / "lengths"))
    options = ContentOptions(item_text="about", text_encoder=encoder)
    encoded = options.joined(dataset, "shop/items.csv")
    assert encoded.contents == ()
    assert encoded.encoded == ({"column": "about", "encoder": encoder},)
    assert encoded.items.columns == ["item_id", "about", "about[0]"]


def test_users_are_left_out_and_the_card_does_not_say_who(shop, tmp_path):
    (tmp_path / "gone.txt").write_text("\ufeffshopper-000\n\n shopper-149 \nnobody\n")
    options = DataOptions(data=str(shop[0]), without_users=str(tmp_path / "gone.txt"))
    source = options.open()
    users = source.interactions["user_id"].unique().cast(pl.String).to_list()
    assert len(users) == 148
    assert not {"shopper-000", "shopper-149"} & {*users}
    assert {step.name: step.rows for step in source.cleaning}["of users to leave out"] == 20
    assert "without_users" not in options.card()
    (tmp_path / "gone.txt").write_text("\n")
    with pytest.raises(UserError, match="is empty"):
        options.open()
