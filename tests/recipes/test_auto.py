import json
import warnings

import pytest
from click.testing import CliRunner

from kit.cli import main
from tests.exporting.parts import passing


def run(tmp_path, *words):
    places = ["--output", tmp_path / "model", "--report", tmp_path / "report"]
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, ["train", "auto", *map(str, (*words, *places))])


@pytest.mark.slow
def test_the_best_model_on_valid_is_exported(shop, tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    answer = run(tmp_path, "--data", shop[0], "--models", "linear,two-tower", "--epochs", "1")
    assert answer.exit_code == 0, answer.output
    facts = json.loads((tmp_path / "report" / "metrics.json").read_text())
    found = {
        name: facts["settings"][f"valid NDCG@10 of {name}"] for name in ("linear", "two-tower")
    }
    best = max(found, key=found.get)
    other = min(found, key=found.get)
    assert facts["valid"]["metrics"]["NDCG@10"]["mean"] == pytest.approx(found[best])
    card = json.loads((tmp_path / "model" / "1" / "assets.extra" / "card.json").read_text())
    assert card["recipe"] == best
    assert f"chosen:    {best}" in answer.output
    assert f"above that of {other} by {found[best] - found[other]:.4f}" in answer.output
    # Checkpoints of all models go when the export is done.
    assert not list((tmp_path / "report").rglob("checkpoint"))


def test_after_the_budget_no_model_is_begun(shop, tmp_path, monkeypatch):
    # What was chosen is said before it is exported, which the test above is about.
    monkeypatch.setattr("kit.recipes.auto.finish", lambda *parts: None)
    answer = run(tmp_path, "--data", shop[0], "--models", "linear,two-tower", "--budget", "0.0001")
    assert answer.exit_code == 0, answer.output
    assert "two-tower left out: the budget of 0.0001 minutes was used" in answer.output
    assert "chosen:    linear" in answer.output


def test_an_unknown_model_is_told_before_data_are_read(tmp_path):
    answer = run(tmp_path, "--data", "nothing.csv", "--models", "linear,forest")
    assert answer.exit_code == 2
    assert "'forest'" in answer.stderr
    assert "linear, ials, two-tower, sequential" in answer.stderr
