from dataclasses import dataclass

import numpy as np

from kit.evaluation import ClassPredictions
from kit.evaluation._run_info import ComparisonReport, RunInfo


@dataclass(frozen=True)
class Letters:
    name: str


RUN = {
    "recipe": "reading",
    "command": "kit train reading",
    "data": Letters("letters"),
    "settings": {"dim": np.int64(8), "rate": float("nan")},
    "history": [],
    "metric": "valid accuracy",
    "seconds": {"train": 1.5},
}


def said(*right):
    """Of two classes; one minus a probability is how wrong it is."""
    return ClassPredictions(np.zeros(len(right), int), np.array([[p, 1 - p] for p in right]))


def test_facts_are_plain_and_say_how_they_came_about():
    facts = RunInfo(**RUN).facts({"found": np.array([1.0, np.inf])})
    assert list(facts) == ["recipe", "command", "found", "settings", "seconds", "versions"]
    assert facts["found"] == [1.0, None]
    assert facts["settings"] == {"dim": 8, "rate": None}
    assert {"python", "kit", "tensorflow", "keras"} <= set(facts["versions"])


def test_a_model_stands_beside_its_baselines():
    test, weak = said(0.9, 0.8, 0.7, 0.4), said(0.9, 0.1, 0.2, 0.3)
    parts = {"valid": said(0.9), "test": test, "baselines": {"weak": weak}}
    report = ComparisonReport[ClassPredictions](**RUN, model="net", **parts)
    assert report.title == "reading (net) on letters"
    accuracy = {name: found["accuracy"].mean for name, found in report.systems.items()}
    assert accuracy == {"net": 0.75, "weak": 0.25}
    assert report.differences["weak"]["accuracy"].mean == 0.5
    facts = report.facts({"test": "here"})
    assert (facts["model"], facts["test"]) == ("net", "here")
    assert facts["baselines"]["weak"]["metrics"]["accuracy"]["mean"] == 0.25
    assert facts["baselines"]["weak"]["model_minus_baseline"]["accuracy"]["mean"] == 0.5
