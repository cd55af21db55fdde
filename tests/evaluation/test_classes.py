import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

from kit.evaluation import ClassPredictions, probabilities_of_images
from tests.exporting.images import untrained


def some(seed=0, rows=200, classes=4):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    logits = rng.normal(size=(rows, classes)) + 1.2 * np.eye(classes)[labels]
    odds = np.exp(logits)
    return ClassPredictions(labels, odds / odds.sum(axis=1, keepdims=True))


def test_measures_are_their_definitions():
    found = some()
    np.testing.assert_array_equal(found.confusion, confusion_matrix(found.labels, found.predicted))
    precision, recall, f1, _ = precision_recall_fscore_support(found.labels, found.predicted)
    np.testing.assert_allclose(found.of_classes["precision"], precision)
    np.testing.assert_allclose(found.of_classes["recall"], recall)
    summary = found.summary()
    assert summary["mean F1"] == pytest.approx(f1.mean())
    assert summary["log loss"] == pytest.approx(log_loss(found.labels, found.probabilities))
    assert summary["accuracy"] == np.mean(found.labels == found.predicted)


def test_a_class_that_is_not_there_or_never_named():
    probabilities = np.array([[0.8, 0.1, 0.1], [0.7, 0.2, 0.1]])
    found = ClassPredictions(np.array([0, 1]), probabilities).of_classes
    np.testing.assert_array_equal(found["recall"], [1, 0, np.nan])
    np.testing.assert_array_equal(found["precision"], [0.5, 0, np.nan])


def test_intervals_hold_the_mean_and_differences_are_paired():
    ours, theirs = some(), some(1)
    low, high = ours.intervals()["accuracy"]
    assert low < ours.summary()["accuracy"] < high
    nothing = ours.minus(ours)["accuracy"]
    assert (nothing.mean, nothing.low, nothing.high) == (0, 0, 0)
    with pytest.raises(ValueError, match="same examples"):
        ours.minus(theirs)


def test_the_worst_mistakes_come_first():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.01, 0.99], [0.2, 0.8]])
    found = ClassPredictions(np.array([0, 1, 0, 0]), probabilities)
    assert found.worst(2).tolist() == [2, 3]
    assert found.worst(9).tolist() == [2, 3, 1]


def test_a_model_is_asked_in_parts(monkeypatch):
    data, model = untrained(classes=3)
    whole = probabilities_of_images(model, data.test)
    np.testing.assert_allclose(whole.sum(axis=1), 1, atol=1e-5)
    monkeypatch.setattr("kit.evaluation._classes.PICTURES_AT_ONCE", 4)
    np.testing.assert_allclose(probabilities_of_images(model, data.test), whole, atol=1e-6)
