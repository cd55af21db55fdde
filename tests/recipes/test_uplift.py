"""kit train uplift, from a table to an export."""

import json
import warnings

import polars as pl
import pytest
from click.testing import CliRunner

import kit
from kit.cli import main
from kit.errors import UserError
from kit.exports import verify
from tests.conftest import shared
from tests.data.campaign.campaigns import campaign
from tests.exporting.parts import c_library_only, passing

SMALL = ["--epochs", "2", "--dim", "4"]
TOLD = ["train", "uplift", "--data", "campaign.csv", *SMALL]


def run(line):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, [str(word) for word in line])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    def train(folder):
        campaign(rows=2000, arms=3).drop("propensity").write_csv(folder / "campaign.csv")
        places = ["--output", folder / "model", "--report", folder / "report"]
        with pytest.MonkeyPatch.context() as patch:
            c_library_only(patch)
            answer = run(["train", "uplift", "--data", folder / "campaign.csv", *SMALL, *places])
        assert answer.exit_code == 0, answer.output
        (folder / "output.txt").write_text(answer.output)

    return shared(tmp_path_factory, "uplift", train)


@pytest.fixture(scope="module")
def facts(trained):
    return json.loads((trained / "report" / "metrics.json").read_text())


def test_it_compares_learners_with_simple_policies(trained, facts):
    output = (trained / "output.txt").read_text()
    assert "control:   control" in output
    assert "the arm cannot be predicted from the features" in output
    assert "1 signature answers as the live model does" in output
    learners = {"network", "s-learner", "t-learner"}
    assert facts["model"] == facts["settings"]["exported"]
    assert {facts["model"], *facts["baselines"]} == {
        *learners,
        "response model",
        *(f"{facts_arm(facts)} {how}" for how in ("at random", "for all")),
        "control for all",
    }
    qini = {name: facts["settings"][f"Qini x 1000 on valid, {name}"] for name in learners}
    assert facts["model"] == max(qini, key=qini.get)
    assert facts["randomisation"]["random"]
    own = facts["test"]["metrics"]["Qini x 1000 of mail"]
    assert own["low"] < own["mean"] < own["high"]
    assert len(facts["verdicts"]) == 3
    assert facts["verdicts"][0] in " ".join(output.split())


def facts_arm(facts):
    return next(n for n in facts["baselines"] if n.endswith("at random")).split()[0]


def test_the_report_shows_policies_curves_and_randomisation(trained, facts):
    page = (trained / "report" / "report.html").read_text()
    for words in ("Randomisation", "Policies", "Qini curves", "likely buyers", "doubly robust"):
        assert words in page
    assert facts["verdicts"][-1].split(" (")[0] in page


def test_kit_evaluate_measures_what_training_measured(trained, facts):
    answer = run(["evaluate", trained / "model", "--json"])
    assert answer.exit_code == 0, answer.output
    (found,) = json.loads(answer.stdout)["evaluations"]
    assert found["protocol"] == facts["test"]["protocol"]
    for name, value in found["metrics"].items():
        assert value["mean"] == pytest.approx(facts["test"]["metrics"][name]["mean"], abs=1e-3)


def test_a_campaign_with_other_arms_is_refused(trained, tmp_path):
    campaign().drop("propensity").write_csv(tmp_path / "other.csv")
    answer = run(["evaluate", trained / "model", "--data", tmp_path / "other.csv"])
    assert answer.exit_code == 2
    assert "The campaign has the arms control, mail" in answer.stderr


def test_a_campaign_that_was_not_drawn_at_random_is_not_evaluated(trained, tmp_path):
    campaign(arms=3, tell=1.5).drop("propensity").write_csv(tmp_path / "other.csv")
    answer = run(["evaluate", trained / "model", "--data", tmp_path / "other.csv"])
    assert answer.exit_code == 2
    assert "The arms were not drawn at random" in answer.stderr


def test_kit_verify_and_kit_predict(trained):
    with pytest.MonkeyPatch.context() as patch:
        c_library_only(patch)
        assert all(check.passed for check in verify(trained / "model"))
    answer = run(["predict", trained / "model", "--input", "sex=f", "--input", "age=30"])
    found = json.loads(answer.stdout)["outputs"]
    assert found.keys() == {"uplift", "response"}
    (response,), (uplift,) = found["response"], found["uplift"]
    assert len(response) == 3
    assert uplift == pytest.approx([x - response[0] for x in response], abs=1e-6)


def test_python_predicts_a_column_for_each_arm(trained):
    found = kit.load(trained / "model").predict(
        pl.DataFrame({"sex": ["f", "x"], "age": [30, None]})
    )
    assert found.columns == [
        "uplift coupon",
        "uplift mail",
        "response control",
        "response coupon",
        "response mail",
    ]
    assert ((found["response mail"] > 0) & (found["response mail"] < 1)).all()
    with pytest.raises(UserError, match="There is no column 'age'"):
        kit.load(trained / "model").predict({"sex": ["f"]})


def test_drivers_are_measured_of_other_models(trained):
    answer = run(["drivers", trained / "model"])
    assert answer.exit_code == 2
    assert "this one predicts visit under control and coupon and mail" in answer.stderr


def test_arms_that_were_not_drawn_at_random_need_propensities(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    campaign(tell=1.5).write_csv("campaign.csv")
    answer = run([*TOLD, "--ignore", "propensity"])
    assert answer.exit_code == 2
    assert "The arms were not drawn at random" in answer.stderr
    assert "--ignore age" in answer.stderr
    assert "--propensity-column NAME" in answer.stderr


@pytest.mark.slow
def test_with_propensities_they_are_trained_on(tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    monkeypatch.chdir(tmp_path)
    campaign(tell=1.5).write_csv("campaign.csv")
    answer = run([*TOLD, "--propensity-column", "propensity", "--learner", "t-learner"])
    assert answer.exit_code == 0, answer.output
    assert "can be predicted" in answer.output
    page = (tmp_path / "reports" / "uplift" / "report.html").read_text()
    assert "effects only as far as the propensities are right" in page
    assert (
        "t-learner" in json.loads((tmp_path / "reports/uplift/metrics.json").read_text())["model"]
    )
