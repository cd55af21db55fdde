"""Simple models before any training."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from kit.cli import main

ROOT = Path(__file__).parents[2]
NAMES = ["popular", "recently popular", "ItemKNN", "EASE", "iALS"]


def kit(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def document(*words):
    found = kit("baselines", *words, "--json")
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def test_the_table_is_that_of_training(trained):
    found = kit("baselines", trained.data)
    assert found.exit_code == 0, found.output
    facts = json.loads((trained.report / "metrics.json").read_text())
    assert facts["test"]["protocol"] in found.stdout
    for name, baseline in facts["baselines"].items():
        (row,) = [line for line in found.stdout.splitlines() if line.startswith(name + "  ")]
        for metric in ("NDCG@10", "Recall@10", "Coverage@10"):
            assert f"{baseline['metrics'][metric]['mean']:.4f}" in row
    # The last item of six users is one they had before.
    assert "144 of 150 test users (96.0%) and" in found.stdout


def test_json_is_one_object_with_intervals_and_counts(shop):
    found = document(shop[0], "--split", "random", "--seed", 3)
    assert all("seed 3" in one["protocol"] for one in found["evaluations"])
    assert [one["system"].split(" (")[0] for one in found["evaluations"]] == NAMES
    metric = found["evaluations"][0]["metrics"]["NDCG@10"]
    assert metric["low"] <= metric["mean"] <= metric["high"]
    assert found["counts"]["users_in_part"] == 150
    assert found["left_out"] == {}
    assert any("150 of 150 test users" in warning for warning in found["warnings"])


def test_seen_items_are_ranked_where_that_is_asked_for(shop):
    assert "kept in" in document(shop[0], "--include-seen")["evaluations"][0]["protocol"]


def test_prepared_data_give_the_same_table(shop, tmp_path):
    assert kit("prepare", shop[0], tmp_path / "shop").exit_code == 0
    assert document(shop[0]) == document(tmp_path / "shop")


@pytest.mark.parametrize("source", ["in-vehicle-coupon", "bccd"])
def test_data_of_another_kind_are_refused_with_the_command_that_has_their_baselines(source):
    found = kit("baselines", source)
    assert found.exit_code == 2
    assert f"'{source}' is not a log of interactions" in found.stderr
    assert f"--data {source} prints the baselines" in found.stderr


def test_an_interruption_prints_nothing_to_standard_output(shop, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("kit.evaluation._baselines.item_knn", interrupt)
    found = kit("baselines", shop[0], "--json")
    assert (found.exit_code, found.stdout) == (130, "")
    assert found.stderr.splitlines()[-1] == "Interrupted."


def test_neither_tensorflow_nor_keras_is_imported(shop):
    code = (
        "import sys; from kit.cli import main\n"
        f"try: main(['baselines', {str(shop[0])!r}])\n"
        "finally: print([m for m in ('tensorflow', 'keras') if m in sys.modules], file=sys.stderr)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert run.stderr.splitlines()[-1] == "[]"
    assert "ItemKNN" in run.stdout
