from dataclasses import replace

import pytest

from kit.cli._read_again import read_again
from kit.console import DetectionOptions, TextOptions
from kit.errors import UserError

OPTIONS = TextOptions("own.csv", "said", None, "given", 100, 7)


def read_texts(options):
    return options.split_of(options.open())


@pytest.fixture
def other(tmp_path):
    """Texts without a split of their own."""
    lines = [f"text {n},{'ab'[n % 2]}" for n in range(40)]
    (tmp_path / "other.csv").write_text("\n".join(["said,label", *lines]))
    return str(tmp_path / "other.csv")


def test_its_own_data_are_read_as_they_were():
    assert read_again(OPTIONS, None, lambda options: options) == OPTIONS


def test_other_data_need_no_split_of_their_own(other):
    found = read_again(OPTIONS, other, lambda options: options)
    assert found == replace(OPTIONS, data=other, split=None)
    assert len(read_again(OPTIONS, other, read_texts).test) == 4
    # One that was drawn is drawn again, lest what was trained on is in test.
    drawn = replace(OPTIONS, split="random")
    assert read_again(drawn, other, lambda options: options).split == "random"


def test_objects_have_no_such_option():
    options = DetectionOptions("bccd", ("RBC",), "error", None, 0)
    assert read_again(options, "other", lambda options: options).data == "other"


def test_a_remedy_names_no_option_that_only_training_has(other):
    named = replace(OPTIONS, text_column="words")
    with pytest.raises(UserError, match="There is no column 'words'") as raised:
        read_again(named, other, read_texts)
    assert raised.value.where == other
    assert "said, label" in raised.value.expected
    assert raised.value.remedy == (
        "Repair them, or give them the form of what it was trained on; text column words."
    )


def test_another_mistake_is_told_as_it_is(tmp_path):
    with pytest.raises(UserError, match="There is no such file or folder"):
        read_again(OPTIONS, str(tmp_path / "away.csv"), read_texts)
