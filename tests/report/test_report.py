import csv
import json
import os
from dataclasses import dataclass

import numpy as np
import pytest

from kit.errors import UserError
from kit.evaluation import ClassPredictions
from kit.metrics import Estimate
from kit.report import ComparisonReport, RunInfo, against_best, ranking_report, training_section
from tests.evaluation.small import small_report


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


FILES = ["history.csv", "metrics.json", "report.html"]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_report_has_three_files(tmp_path):
    report = ranking_report(small_report())
    report.save(tmp_path / "deep" / "report")
    facts = report.facts
    folder = tmp_path / "deep" / "report"
    assert names(folder) == FILES
    assert names(tmp_path / "deep") == ["report"]
    assert json.loads((folder / "metrics.json").read_text()) == facts
    assert "<!DOCTYPE html>" in (folder / "report.html").read_text()


def test_the_history_has_a_line_an_epoch_and_every_column(tmp_path):
    history = [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0, "valid NDCG@10": 0.25}]
    ranking_report(small_report(history=history)).save(tmp_path / "report")
    with (tmp_path / "report" / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"epoch": "1", "loss": "2.0", "valid NDCG@10": ""},
        {"epoch": "2", "loss": "1.0", "valid NDCG@10": "0.25"},
    ]


def test_an_older_report_is_replaced_and_other_files_stay(tmp_path):
    (tmp_path / "report" / "tensorboard").mkdir(parents=True)
    (tmp_path / "report" / "metrics.json").write_text("old")
    ranking_report(small_report()).save(tmp_path / "report")
    assert names(tmp_path / "report") == [*FILES, "tensorboard"]
    assert (tmp_path / "report" / "metrics.json").read_text() != "old"


def test_a_report_that_cannot_be_drawn_leaves_the_older_one(tmp_path, monkeypatch):
    ranking_report(small_report()).save(tmp_path / "report")
    before = (tmp_path / "report" / "metrics.json").read_text()

    def broken(*arguments):
        raise RuntimeError("no ink")

    monkeypatch.setattr("kit.report._ranking.report_page", broken)
    with pytest.raises(RuntimeError, match="no ink"):
        ranking_report(small_report(command="another")).save(tmp_path / "report")
    assert (tmp_path / "report" / "metrics.json").read_text() == before
    assert names(tmp_path) == ["report"]


def test_a_full_disk_leaves_no_half_written_file(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match="No space left on device"):
        ranking_report(small_report()).save(tmp_path / "report")
    assert names(tmp_path / "report") == []
    assert names(tmp_path) == ["report"]


def test_a_folder_that_is_a_file_is_the_users_mistake(tmp_path):
    (tmp_path / "report").write_text("mine")
    with pytest.raises(UserError, match="--report FOLDER"):
        ranking_report(small_report()).save(tmp_path / "report")
    assert (tmp_path / "report").read_text() == "mine"


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (Estimate(0.1, -0.1, 0.3), "not significant"),
        (Estimate(0.2, 0.1, 0.3), "<b>significant</b>"),
        (Estimate(-0.2, -0.3, -0.1), "a &lt; b is <b>worse</b>"),
    ],
)
def test_the_interval_decides(difference, said):
    assert said in against_best("a < b", "linear", Estimate(0.5, 0.4, 0.6), difference)


ROWS = [{"epoch": 1, "loss": 2.0, "valid AUC": 0.6}, {"epoch": 2, "loss": 1.0}]


def test_the_section_shows_the_loss_and_the_metric():
    section = training_section(ROWS, "valid AUC")
    assert "AUC on valid" in section
    assert "where AUC falls below it" in section


def test_without_anything_to_show_there_is_no_section():
    assert training_section([], "valid AUC") == ""
    assert training_section([{"epoch": 1}], None) == ""
    assert "dashed" not in training_section(ROWS, None)
