import csv
import json
import os

import pytest

from kit.errors import UserError
from kit.evaluation import _write_report as module
from kit.evaluation import ranking_report
from tests.evaluation.small import small_report

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

    monkeypatch.setattr(module, "report_page", broken)
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
