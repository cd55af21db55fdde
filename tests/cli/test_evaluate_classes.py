import numpy as np
import pytest

from kit.cli._evaluate_classes import evaluate_classes, numbers_of_classes
from kit.errors import UserError
from tests.cli.answering import labelled, save


class Examples:
    """Of test, three hundred: more than are asked about at once."""

    name = "examples.csv"
    classes = ("b", "c", "d")
    labels = np.arange(300) % 3

    @property
    def test(self):
        return self

    def __len__(self):
        return len(self.labels)


def test_classes_that_are_not_among_the_best_share_what_is_left(tmp_path):
    classes = ["a", "b", "c", "d"]
    card = {"model": "by hand", "classes": classes}
    save(tmp_path / "1", card, "word", labelled(["c", "a", "b", "d"], [0.5, 0.3]))
    asked = []

    def inputs(row):
        asked.append(row)
        return {"word": str(row)}

    answer = evaluate_classes(
        tmp_path / "1", card, Examples(), inputs, "how it is measured", trust=False
    )
    assert (answer.protocol, answer.system) == ("how it is measured", "by hand")
    found = answer.result
    assert asked == list(range(300))
    np.testing.assert_array_equal(found.labels, 1 + np.arange(300) % 3)
    np.testing.assert_allclose(found.probabilities, [[0.3, 0.1, 0.5, 0.1]] * 300, atol=1e-6)
    assert found.summary()["accuracy"] == pytest.approx(1 / 3)


def test_classes_of_the_data_are_found_by_name():
    assert numbers_of_classes(["b", "a"], {"a": 0, "b": 1}, "data.csv") == [1, 0]
    # The model may know more.
    assert numbers_of_classes(["c"], {"a": 0, "c": 1}, "data.csv") == [1]


def test_a_class_that_the_model_does_not_know_is_named():
    with pytest.raises(UserError, match="The model does not know the class c") as raised:
        numbers_of_classes(["a", "c"], {"a": 0, "b": 1}, "data.csv")
    assert raised.value.where == "data.csv"
    assert raised.value.expected == "classes among: a, b"
    assert "its own classes" in raised.value.remedy
