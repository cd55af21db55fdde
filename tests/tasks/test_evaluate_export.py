"""Opening the data of an export again."""

from dataclasses import asdict, replace

import pytest

from kit.config import DataOptions, DetectionOptions, TextOptions
from kit.errors import UserError
from kit.exports import CARDS, DetectionCard, RetrievalCard, TextClassificationCard
from kit.tasks import TASKS

OPTIONS = TextOptions(data="own.csv", text_column="said", split="given", limit=100, seed=7)
CLASSIFICATION = TASKS["text-classification"]


def card_of(options):
    values = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(options).items()}
    return TextClassificationCard(classes=["a", "b"], length=8, data=values)


@pytest.fixture
def other(tmp_path):
    """Texts without a split of their own."""
    lines = [f"text {n},{'ab'[n % 2]}" for n in range(40)]
    (tmp_path / "other.csv").write_text("\n".join(["said,label", *lines]))
    return str(tmp_path / "other.csv")


def test_every_task_has_a_card_of_its_own():
    assert {*TASKS, "encoder"} == set(CARDS)
    assert all(CARDS[name](**required).task == name for name, required in REQUIRED.items())


REQUIRED = {
    "retrieval": {"names": {}},
    "two-stage": {"names": {}, "second_stage": {}},
    "tabular": {"labels": {"click": "1"}},
    "image-classification": {"classes": ["a"], "shape": [8, 8, 3]},
    "text-classification": {"classes": ["a"], "length": 8},
    "detection": {"classes": ["a"], "image_shape": [8, 8]},
    "text2text": {"output": "summary"},
    "customer-value": {"horizon": 90, "length": 64},
    "uplift": {"arms": ["none", "mail"], "outcome": "visit", "share": 0.3},
    "encoder": {},
}


@pytest.fixture
def opened(monkeypatch):
    """The options, in place of the data."""
    for options in (TextOptions, DetectionOptions, DataOptions):
        monkeypatch.setattr(options, "dataset", lambda self: self, raising=False)
    monkeypatch.setattr(TextOptions, "open", lambda self: self)
    monkeypatch.setattr(TextOptions, "split_of", lambda self, source: source)


def test_data_are_opened_as_they_were(opened):
    assert CLASSIFICATION.open_again(card_of(OPTIONS), None) == OPTIONS


def test_other_data_need_no_split_of_their_own(opened):
    found = CLASSIFICATION.open_again(card_of(OPTIONS), "other.csv")
    assert found == replace(OPTIONS, data="other.csv", split=None)
    # A drawn split is drawn again, lest what was trained on is in test.
    drawn = card_of(replace(OPTIONS, split="random"))
    assert CLASSIFICATION.open_again(drawn, "other.csv").split == "random"


def test_a_split_by_default_is_that_of_the_training(opened):
    card = RetrievalCard(
        names={},
        data={"data": "a.csv"},
        dataset={"split": "leave-one-out: the last two of each user"},
    )
    task = TASKS["retrieval"]
    assert task.open_again(card, None).split == "leave-one-out"
    assert task.open_again(card, "b.csv").split is None
    assert task.open_again(replace(card, dataset=None), None).split is None


def test_boxes_have_no_split(opened):
    data = {"data": "bccd", "classes": ["RBC"]}
    card = DetectionCard(classes=["RBC"], image_shape=[8, 8], data=data)
    found = TASKS["detection"].open_again(card, "other")
    assert (found.data, found.classes) == ("other", ("RBC",))


def test_a_card_without_its_options_is_refused(opened):
    card = replace(card_of(OPTIONS), data={})
    with pytest.raises(UserError, match="how its data are opened") as raised:
        CLASSIFICATION.open_again(card, None)
    assert "--data" in raised.value.remedy
    assert CLASSIFICATION.open_again(card, "b.csv").data == "b.csv"


def test_a_remedy_names_no_option_that_only_training_has(other):
    card = card_of(replace(OPTIONS, text_column="words"))
    with pytest.raises(UserError, match="There is no column 'words'") as raised:
        CLASSIFICATION.open_again(card, other)
    assert raised.value.where == other
    assert "said, label" in raised.value.expected
    assert raised.value.remedy == (
        "Repair them, or give them the form of what it was trained on; text column words."
    )


def test_other_errors_are_left_alone(tmp_path):
    with pytest.raises(UserError, match="There is no such file or folder"):
        CLASSIFICATION.open_again(card_of(OPTIONS), str(tmp_path / "away.csv"))
