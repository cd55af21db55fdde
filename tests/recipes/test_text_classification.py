import json
import re
import warnings

import numpy as np
import pytest
from click.testing import CliRunner

from kit.cli import main
from tests.exporting.parts import passing
from tests.models.pretrained.test_texts import save_tiny, save_tiny_bert

SAID = {"good": "I like this {}, it is wonderful", "bad": "an awful {}, I do not like it"}


def kit(line):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, line.split())


def train(folder, options, data="reviews.csv"):
    places = f"--output {folder / 'model'} --report {folder / 'report'}"
    return kit(f"train text-classification --data {folder / data} {places} {options}")


def reviews(folder, rows=200):
    rng = np.random.default_rng(0)
    things = ("cup", "plate", "film", "phone", "place")
    lines = ["text,label"]
    for number in range(rows):
        label = ("good", "bad")[number % 2]
        lines.append(f'"{SAID[label].format(rng.choice(things))} {number}",{label}')
    (folder / "reviews.csv").write_text("\n".join([*lines, ',"good"', '"no label",', ""]))
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model of good and bad, and what was printed."""
    folder = reviews(tmp_path_factory.mktemp("trained"))
    with pytest.MonkeyPatch.context() as patch:
        # That all loaders answer alike the export's own test says.
        patch.setattr("kit.exports.verify", passing)
        run = train(folder, "--dim 16 --batch-size 16 --epochs 6 --learning-rate 0.01")
    assert run.exit_code == 0, run.output
    return folder, run.output


def test_console_output(trained):
    folder, output = trained
    words = [w for w in re.findall(r"^(\w+): {2,}", output, flags=re.MULTILINE) if w != "note"]
    assert words == ["data", "device", "train", "verify", "report", "model", "next"]
    assert "left out 1 rows without a text; left out 1 rows without a label" in output
    assert f"next:      kit evaluate {folder / 'model'}" in output


def test_metrics_in_the_report(trained):
    facts = json.loads((trained[0] / "report" / "metrics.json").read_text())
    assert facts["test"]["metrics"]["accuracy"]["mean"] > 0.9
    assert facts["settings"]["encoder"] == "lstm"
    assert set(facts["baselines"]) == {"most frequent", "bigrams, linear"}


def test_the_export_is_evaluated_through_its_own_signature(trained):
    folder, _ = trained
    answer = kit(f"evaluate {folder / 'model'}")
    assert answer.exit_code == 0, answer.output
    facts = json.loads((folder / "report" / "metrics.json").read_text())
    assert f"{facts['test']['metrics']['accuracy']['mean']:.4f}" in answer.output
    assert f"{facts['test']['metrics']['log loss']['mean']:.4f}" in answer.output
    rows = "".join(f"text {n},{'xy'[n % 2]}\n" for n in range(40))
    (folder / "other.csv").write_text("text,label\n" + rows)
    strange = kit(f"evaluate {folder / 'model'} --data {folder / 'other.csv'}")
    assert strange.exit_code == 2
    assert "does not know the class x" in strange.output


def test_a_text_is_asked_about(trained):
    answer = kit(f"predict {trained[0] / 'model'} --input text=wonderful")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.output)["outputs"]["label"][0][0] == "good"
    refused = kit(f"recommend {trained[0] / 'model'} --examples 1")
    assert refused.exit_code == 2


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_backbone_is_tuned(tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    reviews(tmp_path, rows=60)
    save_tiny_bert(tmp_path / "preset")
    options = f"--backbone {tmp_path / 'preset'} --tune lora --rank 2 --epochs 1 --batch-size 16"
    run = train(tmp_path, f"{options} --class-weights balanced")
    assert run.exit_code == 0, run.output
    facts = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert facts["model"] == "lora backbone"
    # No more than it was trained on.
    assert facts["settings"]["length"] == 12


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_byte_pairs_of_a_backbone_are_served_by_all_loaders(tmp_path):
    reviews(tmp_path, rows=60)
    hub = pytest.importorskip("keras_hub", reason="the extra `pretrained` is not installed")
    save_tiny(hub, tmp_path / "preset", "Roberta")
    options = f"--backbone {tmp_path / 'preset'} --tune frozen --epochs 1 --batch-size 16"
    run = train(tmp_path, options)
    assert run.exit_code == 0, run.output
    assert "by three loaders" in run.output


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("text,label\n" + "a,x\n" * 30, "", "All texts are of one class: x"),
        ("text,label\n" + ",x\n" * 30, "", "No row has a text"),
        ("text,label\n" + "a,\n" * 30, "", "No row has a label"),
        ("text,mood\n" + "a,x\n" * 30, "", "Name it: --label-column NAME"),
        ("text,label\n" + "a,x\nb,y\n" * 30, "--split given", "has no split of its own"),
        ("", "", "The file is empty"),
    ],
)
def test_mistakes_are_named_with_what_to_do(tmp_path, content, options, said):
    (tmp_path / "reviews.csv").write_text(content)
    answer = train(tmp_path, options)
    assert answer.exit_code == 2
    assert said in " ".join(answer.output.split())
    assert "Traceback" not in answer.output


def test_another_encoding_and_no_file_are_named(tmp_path):
    (tmp_path / "reviews.csv").write_bytes("text,label\ncaf\xe9,x\n".encode("latin-1"))
    told = " ".join(train(tmp_path, "").output.split())
    assert "--encoding windows-1252 if 'café' is right" in told
    answer = train(tmp_path, "", data="away.csv")
    assert answer.exit_code == 2
    assert "There is no such file or folder" in answer.output
