import json
import re
import warnings

import numpy as np
import pytest
from click.testing import CliRunner

from kit.cli import main
from tests.evaluation.clicks import write_clicks
from tests.exporting.parts import c_library_only, passing


def kit(line):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, line.split())


@pytest.fixture(scope="module")
def clicked(tmp_path_factory):
    """A model of both labels, verified by one loader: its folder, and what was printed."""
    folder = tmp_path_factory.mktemp("clicked")
    data = write_clicks(folder / "clicks.csv", rows=2000)
    line = (
        f"train ranking --data {data} --label click --tasks buy --split random --epochs 8 --dim 4"
    )
    with pytest.MonkeyPatch.context() as patch:
        c_library_only(patch)
        run = kit(f"{line} --output {folder / 'model'} --report {folder / 'report'}")
    assert run.exit_code == 0, run.output
    return folder, run.output


def test_console_output(clicked):
    folder, output = clicked
    words = [w for w in re.findall(r"^(\w+): {2,}", output, flags=re.MULTILINE) if w != "note"]
    assert words == ["data", "device", "train", "verify", "report", "model", "next"]
    assert "predicts click = 1 and buy = 1" in output
    assert f"next:      kit evaluate {folder / 'model'}" in output


def test_metrics_in_the_report(clicked):
    facts = json.loads((clicked[0] / "report" / "metrics.json").read_text())
    assert facts["test"]["metrics"]["AUC of click"]["mean"] > 0.65
    assert {"base rate", "logistic regression"} == facts["baselines"].keys()
    assert facts["settings"]["label"] == ["click", "buy"]
    assert list((clicked[0] / "report" / "tensorboard").glob("events.*"))


def test_the_export_is_evaluated_through_its_own_signature(clicked):
    folder, output = clicked
    answer = kit(f"evaluate {folder / 'model'}")
    assert answer.exit_code == 0, answer.output
    facts = json.loads((folder / "report" / "metrics.json").read_text())
    for label in ("click", "buy"):
        auc = facts["test"]["metrics"][f"AUC of {label}"]["mean"]
        assert f"{auc:.4f}" in answer.output
        assert f"{auc:.4f}" in output


def test_what_only_a_recommender_does_is_refused_with_what_to_do(clicked):
    model = clicked[0] / "model"
    for line in (f"recommend {model} --examples 1", f"similar {model} --item i1"):
        answer = kit(line)
        assert answer.exit_code == 2
        assert "is not a recommender: it predicts click and buy" in answer.output
        assert "kit predict" in answer.output


def test_the_schema_is_printed_and_taken(tmp_path):
    data = write_clicks(tmp_path / "clicks.csv", rows=60)
    answer = kit(f"train ranking --data {data} --label click --ignore buy --print-schema")
    kinds = {one["name"]: one["kind"] for one in json.loads(answer.stdout)["features"]}
    assert kinds["tags"] == "list"
    schema = tmp_path / "schema.json"
    schema.write_text(answer.stdout.replace('"number"', '"category"'))
    again = kit(f"train ranking --data {data} --label click --schema {schema} --print-schema")
    assert '{"name": "price (EUR)", "kind": "category"}' in again.output


def test_a_log_with_din_negatives_and_a_history(tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    rng = np.random.default_rng(0)
    rows = [f"u{n % 20},i{item},{n}" for n, item in enumerate(rng.integers(0, 15, 300))]
    log = tmp_path / "log.csv"
    log.write_text("\n".join(["user,item,time", *rows]) + "\n")
    options = "--negatives 1 --model din --epochs 1 --dim 4 --history 5 --quiet"
    places = f"--output {tmp_path / 'model'} --report {tmp_path / 'report'}"
    run = kit(f"train ranking --data {log} {options} {places}")
    assert run.exit_code == 0, run.output
    protocol = json.loads((tmp_path / "report" / "metrics.json").read_text())["test"]["protocol"]
    assert "1 negatives to a positive" in protocol
    assert "history is the last 5 items of the user's earlier events, strictly before" in protocol


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--label klick", "Did you mean --label click?"),
        ("--label click --negatives 1", "expected: one of --label and --negatives"),
        ("--label click --model din --time-column ", "Histories need a time column"),
        ("--label click --model dnc", "'dnc' is not one of"),
        ("--label tags", "3 different values"),
        ("--label click --dropout 1", "1.0 is not in the range"),
    ],
)
def test_mistakes_are_named_before_tensorflow_is_asked(tmp_path, options, said):
    data = write_clicks(tmp_path / "clicks.csv", rows=60)
    arguments = ["train", "ranking", "--data", str(data), *options.split(" ")]
    answer = CliRunner().invoke(main, arguments)
    assert answer.exit_code == 2
    assert said in " ".join(answer.output.split())
