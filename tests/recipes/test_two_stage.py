import json
import re
import warnings

import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.tasks import best_epoch
from tests.exporting.parts import passing


def run(line):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, line.split())


@pytest.fixture(scope="module")
def two_stage(shop, tmp_path_factory):
    """The folder of the run and what it printed; three loaders are the affair of other tests."""
    folder = tmp_path_factory.mktemp("two-stage")
    data, items = shop
    options = f"--data {data} --items {items} --epochs 3 --dim 8 --top 20 --candidates 30"
    places = f"--output {folder / 'model'} --report {folder / 'report'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kit.exports.verify", passing)
        found = run(f"train two-stage {options} {places} --category-column category")
    assert found.exit_code == 0, found.output
    return folder, found.output


@pytest.mark.slow
def test_the_run_says_whether_the_second_stage_helps(two_stage):
    folder, output = two_stage
    assert re.search(
        r"^stages: +two-stage against retrieval alone: NDCG@10 [-+]\.?\d", output, re.M
    )
    assert re.search(r"^stages: +diversity 0.3: Diversity@10 ", output, re.M)
    assert f"next:      kit recommend {folder / 'model'} --examples 3" in output


@pytest.mark.slow
def test_the_report_holds_every_list_with_its_difference(two_stage):
    facts = json.loads((two_stage[0] / "report" / "metrics.json").read_text())
    against = facts["baselines"]["retrieval alone"]
    gain = against["model_minus_baseline"]["NDCG@10"]
    means = facts["test"]["metrics"]["NDCG@10"]["mean"], against["metrics"]["NDCG@10"]["mean"]
    assert gain["mean"] == pytest.approx(means[0] - means[1])
    assert gain["low"] <= gain["mean"] <= gain["high"]
    assert set(facts["variants"]) == {"diversity 0.1", "diversity 0.3"}
    variant = facts["variants"]["diversity 0.3"]["metrics"]["Diversity@10"]["mean"]
    assert variant != facts["test"]["metrics"]["Diversity@10"]["mean"]
    page = (two_stage[0] / "report" / "report.html").read_text()
    assert "Variants of the same model" in page
    assert "shopper-" not in page


@pytest.mark.slow
def test_rules_on_the_command_line(two_stage):
    model = two_stage[0] / "model"
    found = run(f"recommend {model} --user shopper-003 --at-most 2 --boost i7 1000 --count 20")
    assert found.exit_code == 0, found.output
    shown = [line for line in found.output.splitlines() if re.search(r"\ti\d+\t", line)]
    assert len(shown) == 4, "two categories, two items of each"
    card = json.loads((model / "1" / "assets.extra" / "card.json").read_text())
    assert card["second_stage"]["category_column"] == "category"


@pytest.mark.slow
def test_unknown_boosts_are_said(two_stage):
    found = run(f"recommend {two_stage[0] / 'model'} --user shopper-003 --boost category=k9 2")
    assert found.exit_code == 2
    assert "No item has 'category=k9'" in found.stderr


@pytest.mark.slow
def test_the_catalogue_cannot_be_changed(two_stage):
    found = run(f"index {two_stage[0] / 'model'} --index exact")
    assert found.exit_code == 2
    assert "a two-stage model cannot be changed" in found.stderr


@pytest.mark.slow
def test_kit_evaluate_measures_the_export(two_stage):
    found = run(f"evaluate {two_stage[0] / 'model'}")
    assert found.exit_code == 0, found.output
    facts = json.loads((two_stage[0] / "report" / "metrics.json").read_text())
    assert f"{facts['test']['metrics']['NDCG@10']['mean']:.4f}" in found.output


def test_a_model_of_one_stage_takes_no_boost(trained):
    found = run(f"recommend {trained.model} --user shopper-003 --boost i7 2")
    assert found.exit_code == 2
    assert "one stage" in found.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--category-column colour", "no column 'colour'"),
        ("--top 50 --candidates 30", "longer than the list of --candidates"),
    ],
)
def test_mistakes_are_said_before_training(shop, options, message):
    found = run(f"train two-stage --data {shop[0]} --items {shop[1]} {options}")
    assert found.exit_code == 2
    assert message in found.stderr


def test_the_epoch_whose_weights_were_kept():
    history = [{"epoch": 1.5, "valid NDCG@10": 0.2}, {"epoch": 3.0, "valid NDCG@10": 0.1}]
    assert best_epoch(history, "valid NDCG@10") == 1.5
    assert best_epoch([{"epoch": 4.0, "valid NDCG@10": float("nan")}], "valid NDCG@10") == 4


@pytest.mark.slow
def test_a_refit_knows_all_rows(shop, tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    data, items = shop
    options = f"--data {data} --items {items} --epochs 1 --dim 8 --top 20 --candidates 30 --refit"
    places = f"--output {tmp_path / 'model'} --report {tmp_path / 'report'}"
    found = run(f"train two-stage {options} {places}")
    assert found.exit_code == 0, found.output
    card = json.loads((tmp_path / "model" / "1" / "assets.extra" / "card.json").read_text())
    assert card["refit"]["rows"] == len(data.read_text().splitlines()) - 1
