import json

import pytest

from kit.errors import UserError
from kit.exports import (
    CARDS,
    Card,
    RetrievalCard,
    json_object,
    read_card,
    recommender_card,
    upgrade,
    with_bytes,
)

# What the exports of earlier versions hold beside what all of them do.
INDEX = {"kind": "exact", "settings": {"kind": "auto", "recall": 0.95, "rows": "float32"}}
EARLIER = {
    "a first recommender": ({"names": {"1": "cup", "2": None}}, "retrieval"),
    "with k": ({"names": {}, "k": 50, "exclude_seen": False}, "retrieval"),
    "with an index": ({"names": {}, "k": 9, "exclude_seen": True, "index": INDEX}, "retrieval"),
    "with features": ({"names": {}, "item_encoder": None, "learned_contents": []}, "retrieval"),
    "of two stages": (
        {"names": {}, "second_stage": {"category_column": None, "diversity": 0.2}},
        "two-stage",
    ),
    "a table": ({"labels": {"click": "1"}, "schema": {"features": []}}, "tabular"),
    "images": ({"classes": ["a", "b"], "shape": [28, 28, 1]}, "image-classification"),
    "texts": ({"classes": ["a", "b"], "pieces": 128}, "text-classification"),
    "boxes": ({"classes": ["a"], "picture_shape": [64, 96], "least_score": 0.3}, "detection"),
    "translation": ({"writes": "translation", "how": "beam search of 4"}, "text2text"),
    "measured by": ({"writes": "translation", "how": "", "bleu_tokenizer": "zh"}, "text2text"),
    "summaries": ({"writes": "summary", "how": "3 sentences"}, "text2text"),
    "an encoder": ({"preset": "bert_tiny_en_uncased", "pieces": 64}, "encoder"),
    "of a test": ({"custom_ops": {}}, ""),
}


def write(folder, content):
    (folder / "assets.extra").mkdir(parents=True)
    (folder / "assets.extra" / "card.json").write_text(json.dumps(content, ensure_ascii=False))
    return folder


def same(card, other):
    """JSON has lists only."""
    return json.dumps(card.document()) == json.dumps(other.document())


@pytest.mark.parametrize("form", EARLIER)
def test_earlier_cards_are_upgraded(tmp_path, form):
    content, task = EARLIER[form]
    card = upgrade({"recipe": "mine", "data": {"data": "shop.csv"}, "limits": "Few.", **content})
    assert (card.version, card.task, card.recipe) == (2, task, "mine")
    assert (card.data, card.limits) == ({"data": "shop.csv"}, ["Few."])
    assert type(card) is CARDS.get(task, Card)
    assert same(read_card(write(tmp_path, card.document())), card)


def test_earlier_keys_have_the_names_of_today():
    assert upgrade(EARLIER["texts"][0]).length == 128
    assert upgrade(EARLIER["boxes"][0]).image_shape == [64, 96]
    assert upgrade(EARLIER["boxes"][0]).least_score == 0.3
    card = upgrade(EARLIER["translation"][0])
    assert (card.output, card.generation, card.bleu_tokenizer) == (
        "translation",
        "beam search of 4",
        None,
    )
    first = upgrade(EARLIER["a first recommender"][0])
    assert (first.names, first.k, first.exclude_seen) == ({"1": "cup", "2": ""}, 100, True)
    assert first.index["kind"] == "exact"


def test_a_new_task_has_a_card(tmp_path):
    card = Card(task="segmentation", noun="series", recipe="sales", results={"protocol": "p"})
    assert same(read_card(write(tmp_path, card.document())), card)


def test_names_in_any_script(tmp_path):
    card = read_card(write(tmp_path, {"recipe": "two-tower", "names": {"1": "čaj 茶"}}))
    assert card == RetrievalCard(recipe="two-tower", names={"1": "čaj 茶"})


def test_a_newer_card_asks_for_a_newer_kit(tmp_path):
    with pytest.raises(UserError, match="has version 3, which is newer") as raised:
        read_card(write(tmp_path, {"version": 3, "task": "retrieval", "names": 5}))
    assert "Update the kit" in raised.value.remedy
    assert "card.json" in raised.value.where


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        ({"version": 2, "task": "retrieval"}, "names"),
        ({"version": 2, "task": "detection", "classes": ["a"]}, "image_shape"),
        ({"classes": ["a"]}, "shape"),
    ],
)
def test_what_its_task_needs_is_stated(tmp_path, content, missing):
    with pytest.raises(UserError, match=f"damaged: {missing} is missing"):
        read_card(write(tmp_path, content))


@pytest.mark.parametrize("key", ["version", "task", "noun", "length", "image_shape", "output"])
def test_keys_of_today_are_checked_as_the_earlier_ones(tmp_path, key):
    with pytest.raises(UserError, match=f"damaged: {key}"):
        read_card(write(tmp_path, {key: {"a": 1}}))


@pytest.mark.parametrize(
    ("robustness", "said"),
    [
        ([], "is not an object"),
        ({"metrics": {}}, "protocol is missing"),
        ({"protocol": "p", "metrics": {"blur": {"mean": "high"}}}, "blur.mean is no number"),
        ({"protocol": "p", "metrics": {}, "left_out": {"blur": 1}}, "blur is no text"),
    ],
)
def test_robustness_is_checked(tmp_path, robustness, said):
    with pytest.raises(UserError, match=f"damaged: robustness.*{said}"):
        read_card(write(tmp_path, {"task": "series", "robustness": robustness}))


def test_what_has_no_card_is_no_export_of_this_kit(tmp_path):
    with pytest.raises(UserError, match=r"no card(.|\n)*card\.json(.|\n)*kit train"):
        read_card(tmp_path)


@pytest.mark.parametrize(
    ("content", "purpose", "example"),
    [
        ({"labels": {"click": "1", "buy": "1"}}, "predicts click and buy", ""),
        (EARLIER["images"][0], "predicts classes of images", "image=@FILE"),
        (EARLIER["texts"][0], "predicts classes of texts", "text=TEXT"),
        (EARLIER["boxes"][0], "detects objects in images", "image=@FILE"),
        (EARLIER["summaries"][0], "generates texts: the summary of a text", "text=TEXT"),
        (EARLIER["an encoder"][0], "gives vectors", ""),
    ],
)
def test_what_recommends_nothing_states_its_purpose(tmp_path, content, purpose, example):
    version = write(tmp_path / "1", content)
    with pytest.raises(UserError, match=f"is not a recommender: it {purpose}") as error:
        recommender_card(version)
    assert f"kit predict {tmp_path}" in error.value.remedy
    assert example in error.value.remedy


def test_it_is_what_the_file_holds(tmp_path):
    (tmp_path / "card.json").write_text('{"name": "čaj 茶"}', encoding="utf-8")
    assert json_object(tmp_path / "card.json") == {"name": "čaj 茶"}


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), ("{", "cannot be read"), ("[1]", "not a JSON object")],
)
def test_what_is_none_is_named(tmp_path, content, said):
    file = tmp_path / "card.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UserError, match=said) as error:
        json_object(file)
    assert str(file) in str(error.value)


def test_bytes_stand_wherever_text_may():
    nested = [[{"b64": "/w=="}, "a"], []]
    assert with_bytes(nested) == [[b"\xff", "a"], []]
    assert with_bytes(1.5) == 1.5
