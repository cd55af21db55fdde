import numpy as np

from kit.evaluation import ClassPredictions
from kit.report import best_baseline, confusions, counts_of_parts, of_classes, part_facts

CLASSES = ["a", "b"]


def predictions(labels, said):
    return ClassPredictions(np.array(labels), np.eye(2)[said] * 0.8 + 0.1)


FOUND = predictions([0, 0, 0, 1], [0, 1, 1, 1])


def test_classes_have_their_counts_and_measures():
    facts = of_classes(CLASSES, FOUND, "texts")
    assert facts["a"] == {"texts": 3, "recall": 1 / 3, "precision": 1.0, "F1": 0.5}
    assert facts["b"]["texts"] == 1
    assert part_facts("test, 4 texts", FOUND, "texts")["counts"] == {"texts": 4}


def test_only_mistakes_that_happened_are_named():
    assert confusions(CLASSES, FOUND) == [{"is": "a", "called": "b", "times": 2}]
    assert confusions(CLASSES, predictions([0, 1], [0, 1])) == []


def test_the_best_baseline_is_right_most_often():
    baselines = {"worse": FOUND, "better": predictions([0, 1], [0, 1])}
    assert best_baseline(baselines) == "better"


def test_parts_are_counted_by_class():
    counts = counts_of_parts(CLASSES, {"train": np.array([0, 0, 1]), "test": np.array([0])})
    assert counts["rows"] == 4
    assert counts["rows_of_part"] == {"train": 3, "test": 1}
    assert counts["classes"] == {"a": {"train": 2, "test": 1}, "b": {"train": 1, "test": 0}}
