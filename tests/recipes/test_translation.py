import json
import re
import warnings

import pytest
from click.testing import CliRunner

from kit.cli import main
from tests.exporting.parts import passing

ANIMALS = {"dog": "Hund", "cat": "Katze", "cow": "Kuh", "hen": "Henne", "pig": "Schwein"}
DOES = {"runs": "rennt", "sleeps": "schläft", "eats": "frisst", "waits": "wartet"}
WHEN = {"now": "jetzt", "here": "hier", "there": "dort", "again": "wieder"}
SMALL = "--dim 32 --heads 2 --layers 1 --hidden 64 --vocabulary 400 --beams 2"


def kit(line):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, line.split())


def sentences(folder):
    """Of words that stand for each other one by one."""
    rows = [
        (f"The {a} {d} {w}.", f"Das Tier {ANIMALS[a]} {DOES[d]} {WHEN[w]}.")
        for a in ANIMALS
        for d in DOES
        for w in WHEN
    ]
    folder.mkdir(exist_ok=True)
    text = "\n".join("\t".join(row) for row in [("en", "de"), *rows])
    (folder / "pairs.tsv").write_text(text + "\n")
    return folder / "pairs.tsv"


def train(folder, options, data="pairs.tsv"):
    places = f"--output {folder / 'model'} --report {folder / 'report'}"
    return kit(f"train translation --data {folder / data} {places} {options}")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    sentences(folder)
    with pytest.MonkeyPatch.context() as patch:
        # That all loaders answer alike the export's own test says.
        patch.setattr("kit.exports.verify", passing)
        options = "--epochs 60 --batch-size 512 --learning-rate 0.01 --dropout 0"
        run = train(folder, f"{SMALL} {options}")
    assert run.exit_code == 0, run.output
    return folder, run.output


@pytest.mark.slow
def test_console_output(trained):
    folder, output = trained
    words = [w for w in re.findall(r"^(\w+): {2,}", output, flags=re.MULTILINE) if w != "note"]
    assert words == ["data", "device", "train", "verify", "report", "model", "next"]
    assert "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp" in "".join(output.split())
    assert f"next:      kit evaluate {folder / 'model'}" in output


@pytest.mark.slow
def test_metrics_in_the_report(trained):
    facts = json.loads((trained[0] / "report" / "metrics.json").read_text())
    best = max(found["metrics"]["BLEU"]["mean"] for found in facts["baselines"].values())
    assert facts["test"]["metrics"]["BLEU"]["mean"] > best


@pytest.mark.slow
def test_the_export_is_evaluated_through_its_own_signature(trained):
    folder, _ = trained
    answer = kit(f"evaluate {folder / 'model'}")
    assert answer.exit_code == 0, answer.output
    facts = json.loads((folder / "report" / "metrics.json").read_text())
    assert f"{facts['test']['metrics']['BLEU']['mean']:.4f}" in answer.output


@pytest.mark.slow
def test_a_string_is_asked_about(trained):
    folder, _ = trained
    answer = kit(f"predict {folder / 'model'} --input text=dog --input text=cat")
    assert answer.exit_code == 0, answer.output
    outputs = json.loads(answer.output)["outputs"]
    assert len(outputs["translation"]) == len(outputs["score"]) == 2
    refused = kit(f"recommend {folder / 'model'} --examples 1")
    assert refused.exit_code == 2
    assert "is not a recommender: it generates texts" in refused.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--dim 30 --heads 4", "A width of 30 cannot be shared out to 4 heads"),
        ("--from xx", "There is no column 'xx'"),
        ("--split given", "has no split of its own"),
        ("--limit 1", "The part"),
    ],
)
def test_mistakes_are_named_with_what_to_do(tmp_path, options, said):
    sentences(tmp_path)
    answer = train(tmp_path, options)
    assert answer.exit_code == 2
    assert said in " ".join(answer.output.split())
    assert "Traceback" not in answer.output


def test_a_file_of_one_column_is_refused(tmp_path):
    (tmp_path / "pairs.tsv").write_text("text\nhello\n")
    answer = train(tmp_path, "")
    assert answer.exit_code == 2
    assert "No column is recognised as the target" in answer.output
