import pytest

from kit.data.text2text import Text2TextSource, TextPairs, split_text2text
from kit.errors import UserError


def source(pairs, parts=None):
    sources, targets = zip(*pairs, strict=True)
    return Text2TextSource("some", sources, targets, parts, ("en", "de"), "")


def many(count=100):
    return [(f"text {n}", f"Text {n}") for n in range(count)]


def test_no_source_is_in_two_parts():
    data = split_text2text(source([*many(), *((s, f"{t}!") for s, t in many())]), seed=3)
    parts = [set(part.sources) for part in (data.train, data.valid, data.test)]
    assert [len(part) for part in parts] == [90, 5, 5]
    assert len(set.union(*parts)) == 100
    assert all(len(some) == 2 for some in data.test.references)
    again = split_text2text(source([*many(), *((s, f"{t}!") for s, t in many())]), seed=3)
    assert again == data
    assert (
        split_text2text(source(many()), seed=4).test != split_text2text(source(many()), seed=3).test
    )


def test_of_a_given_split_what_is_tested_is_not_learned():
    pairs = [*many(40), ("text 39", "another"), ("text 1", "Text 1"), ("", "x"), ("y", "")]
    parts = ["train"] * 30 + ["valid"] * 5 + ["test"] * 5 + ["train"] * 4
    data = split_text2text(source(pairs, parts))
    assert (len(data.train), len(data.valid), len(data.test)) == (30, 5, 5)
    assert {step.name: step.rows for step in data.cleaning} == {
        "pairs of train whose source is in test, too": 1,
        "pairs that come again": 1,
        "pairs without one of the texts": 2,
    }
    assert data.test.references[4] == ("Text 39",)
    assert data.pairs_read == 44


def test_valid_is_drawn_of_a_given_train():
    data = split_text2text(source(many(60), ["train"] * 50 + ["test"] * 10), valid_share=0.1)
    assert (len(data.train), len(data.valid), len(data.test)) == (45, 5, 10)
    assert "10 % of the texts of train drawn as valid" in data.split
    assert split_text2text(source(many(60), ["train"] * 50 + ["test"] * 10), "random").split_method


def test_a_limit_leaves_test_as_it_is():
    data = split_text2text(source(many(200)), limit=50)
    assert (len(data.train) + len(data.valid), len(data.test)) == (50, 10)
    assert "50 texts of train and valid at most" in data.split


def test_rows_are_every_pair():
    assert TextPairs(("a", "b"), (("1", "2"), ("3",))).rows() == (["a", "a", "b"], ["1", "2", "3"])


@pytest.mark.parametrize(
    ("pairs", "method", "said"),
    [
        (many(3), None, "The part valid holds 0 texts"),
        (many(100), "given", "has no split of its own"),
        ([("", "x"), ("y", "")], None, "The part train holds 0 texts"),
    ],
)
def test_what_cannot_be_split(pairs, method, said):
    with pytest.raises(UserError, match=said):
        split_text2text(source(pairs), method)
