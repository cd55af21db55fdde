import numpy as np
import pytest

from kit.exports import ImageClassificationCard
from kit.tasks import Export, ImageClassification
from tests.cli.answering import labelled, save


class Examples:
    """Of test, three hundred: more than a batch."""

    name = "examples.csv"
    classes = ("b", "c", "d")
    labels = np.arange(300) % 3

    @property
    def test(self):
        return self

    def __len__(self):
        return len(self.labels)


class Words(ImageClassification):
    rows: list[int] = []  # noqa: RUF012

    @classmethod
    def request(cls, examples, row):
        cls.rows.append(row)
        return {"word": str(row)}

    @classmethod
    def protocol(cls, data):
        return f"test of {data.name}"


def test_classes_that_are_not_among_the_best_share_what_is_left(tmp_path):
    classes = ["a", "b", "c", "d"]
    save(tmp_path / "1", {}, "word", labelled(["c", "a", "b", "d"], [0.5, 0.3]))
    card = ImageClassificationCard(model="by hand", classes=classes, shape=[8, 8, 3])
    (result,) = Words.predict_export(Export(tmp_path / "1", card), Examples()).results
    assert Words.rows == list(range(300))
    table = result.table()
    assert table.title == "test of examples.csv"
    predictions = table.systems["by hand"]
    np.testing.assert_array_equal(predictions.labels, 1 + np.arange(300) % 3)
    np.testing.assert_allclose(predictions.probabilities, [[0.3, 0.1, 0.5, 0.1]] * 300, atol=1e-6)
    accuracy = result.document()["metrics"]["accuracy"]
    assert accuracy["mean"] == pytest.approx(1 / 3)
    assert accuracy["low"] < 1 / 3 < accuracy["high"]
