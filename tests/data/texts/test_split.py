import numpy as np
import pytest

from kit.data.texts import Texts, TextSource, split_texts
from kit.errors import UserError


def source(labels, parts=None, texts=None):
    names = [str(n) for n in range(len(labels))]
    return TextSource("some", texts or [f"text {n}" for n in names], names, labels, parts, "")


def dropped(data):
    return {step.name: step.rows for step in data.cleaning}


def test_each_class_is_split_in_the_same_shares():
    data = split_texts(source(["a"] * 100 + ["b"] * 20), seed=3)
    for part, counts in ((data.train, [80, 16]), (data.valid, [10, 2]), (data.test, [10, 2])):
        assert np.bincount(part.labels).tolist() == counts
    again = split_texts(source(["a"] * 100 + ["b"] * 20), seed=3)
    assert list(again.test.texts) == list(data.test.texts)
    other = split_texts(source(["a"] * 100 + ["b"] * 20), seed=4)
    assert list(other.test.texts) != list(data.test.texts)


def test_rows_that_cannot_be_used_are_counted_by_name():
    labels = [*["a", "b"] * 20, "a", None, None]
    texts = [*(f"text {n}" for n in range(40)), None, "text", None]
    data = split_texts(source(labels, texts=texts))
    assert dropped(data) == {"rows without a text": 2, "rows without a label": 1}
    assert data.texts_read == 43
    assert sum(len(part) for part in (data.train, data.valid, data.test)) == 40


def test_what_stands_in_test_too_is_left_out_of_train():
    parts = ["train"] * 20 + ["valid"] * 4 + ["test"] * 4
    texts = [f"text {n}" for n in range(28)]
    texts[3], texts[4], texts[20] = "text  24", "text 21", "text 25"
    data = split_texts(source(["a", "b"] * 14, parts, texts))
    assert (len(data.train), len(data.valid), len(data.test)) == (18, 3, 4)
    assert dropped(data) == {
        "texts of valid that stand in test, too": 1,
        "texts of train that stand in valid, too": 1,
        "texts of train that stand in test, too": 1,
    }


def test_without_test_valid_stands_for_it():
    data = split_texts(source(["a", "b"] * 30, ["train"] * 40 + ["valid"] * 20))
    assert list(data.test.names) == [str(n) for n in range(40, 60)]
    assert "test is its valid part" in data.split
    assert len(data.valid) == 4
    # So it is where the labels of test are kept back.
    labels = [*["a", "b"] * 20, *[None] * 9]
    kept_back = split_texts(source(labels, ["train"] * 30 + ["valid"] * 10 + ["test"] * 9))
    assert len(kept_back.test) == 10


def test_a_limit_leaves_test_as_it_is():
    data = split_texts(source(["a", "b"] * 100), limit=50)
    assert (len(data.train) + len(data.valid), len(data.test)) == (50, 20)
    assert "50 texts of train and valid at most" in data.split


@pytest.mark.parametrize(
    ("labels", "parts", "method", "said"),
    [
        (["a"] * 9, None, None, "All texts are of one class: a"),
        ([None] * 9, None, None, "No row has a label"),
        ([str(n) for n in range(9)], None, None, "There are 9 classes in 9 rows"),
        (["a", "a", "b", "b"], None, None, "The part valid holds no text"),
        (["a", "b"] * 9, None, "given", "has no split of its own"),
        (["a"] * 20 + ["b", "b"], ["train"] * 20 + ["test"] * 2, None, "'b' has no training texts"),
    ],
)
def test_what_cannot_be_split(labels, parts, method, said):
    with pytest.raises(UserError, match=said):
        split_texts(source(labels, parts), method)


def test_no_text_at_all():
    with pytest.raises(UserError, match="No row has a text"):
        split_texts(source(["a", "b"], texts=[None, None]))


def test_some_are_taken_in_order():
    texts = Texts(["a", "b", "c"], ["1", "2", "3"], np.array([0, 1, 0], np.int32))
    some = texts.take(np.array([2, 1]))
    assert (some.texts, some.names, some.labels.tolist()) == (["c", "b"], ["3", "2"], [0, 1])
