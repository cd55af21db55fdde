import csv
import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.recipes.two_tower import main as recipe
from tests.exporting.parts import passing

ROOT = Path(__file__).parents[2]


def test_console_output(trained):
    words = re.findall(r"^(\w+): ", trained.output, flags=re.MULTILINE)
    assert [word for word in words if word != "note"] == [
        "data",
        "ratings",
        "device",
        "precision",
        "train",
        "index",
        "refit",
        "verify",
        "report",
        "model",
        "next",
    ]
    assert f"model:     {trained.version}" in trained.output
    assert f"next:      kit recommend {trained.model} --examples 3" in trained.output
    assert "9 signatures answer as the live model does" in trained.output


def test_the_report_says_how_it_was_measured(trained):
    facts = json.loads((trained.report / "metrics.json").read_text())
    page = (trained.report / "report.html").read_text()
    for part in ("test", "valid"):
        assert facts[part]["protocol"].startswith(f"{part}, ")
        for word in ("split leave-one-out", "full ranking of 60 items", "left out"):
            assert word in facts[part]["protocol"]
    assert {"popular", "ItemKNN"} < facts["baselines"].keys()
    assert facts["settings"]["dim"] == 8
    assert facts["settings"]["weight_column"] == "amount"
    assert "full ranking of 60 items" in page
    with (trained.report / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert float(rows[-1]["epoch"]) == 5
    assert list((trained.report / "tensorboard").glob("events.*"))


def test_the_report_names_no_user(trained):
    for path in trained.report.rglob("*"):
        if path.is_file():
            assert b"shopper-" not in path.read_bytes(), path
    assert "shopper-" not in trained.output


def test_the_card_says_what_the_export_is(trained):
    card = json.loads((trained.version / "assets.extra" / "card.json").read_text())
    assert (card["recipe"], card["exclude_seen"]) == ("two-tower", True)
    assert card["data"]["data"] == str(trained.data)
    assert card["names"]["i3"] == "Red cup 3"
    assert "shopper-" not in json.dumps(card)


@pytest.fixture
def quick(monkeypatch):
    """No process of its own for the check, which other tests are about."""
    monkeypatch.setattr("kit.exports.verify", passing)


@pytest.mark.parametrize(
    "options",
    [
        "--loss sampled --uniform-negatives 32 --hard-negatives 8 --split leave-one-out "
        "--precision mixed_float16",
        pytest.param(
            "--split random --no-features --include-seen --precision mixed_bfloat16 --limit 900",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_option_combinations(shop, tmp_path, quick, options):
    data, items = shop
    places = f"--output {tmp_path / 'model'} --report {tmp_path / 'report'}"
    line = f"train two-tower --data {data} --items {items} --epochs 2 --dim 4 --quiet {places}"
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = CliRunner().invoke(main, [*line.split(), *options.split()])
    assert result.exit_code == 0, result.output
    facts = json.loads((tmp_path / "report" / "metrics.json").read_text())
    words = options.split()
    assert facts["settings"]["precision"] == words[words.index("--precision") + 1]
    assert facts["settings"]["loss"] == ("sampled" if "sampled" in words else "full")
    assert facts["test"]["protocol"].count(words[words.index("--split") + 1]) == 1
    assert ("items of the user kept in" in facts["test"]["protocol"]) == ("--include-seen" in words)
    # Quiet means: the closing table only.
    assert not result.output.startswith("data:")
    assert (tmp_path / "model" / "1" / "saved_model.pb").is_file()


def test_diverging_training_leaves_no_model(shop, tmp_path):
    places = f"--output {tmp_path / 'model'} --report {tmp_path / 'report'}"
    line = f"train two-tower --data {shop[0]} --learning-rate 1e30 --epochs 20 --dim 4 {places}"
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = CliRunner().invoke(main, line.split())
    assert result.exit_code == 2
    assert "Training diverged" in result.stderr
    assert not (tmp_path / "model").exists()


def test_the_file_is_a_script():
    run = subprocess.run(
        [sys.executable, "recipes/two_tower.py", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert "--uniform-negatives" in run.stdout
    assert recipe.help is not None
    assert recipe.help.split(".")[0] in " ".join(run.stdout.split())
