import json

import numpy as np
import pytest

from tests.exporting.parts import passing
from tests.recipes.test_translation import kit

SMALL = "--dim 16 --heads 2 --layers 1 --hidden 32 --vocabulary 300"


def write_texts(folder, count=120):
    """Texts in which the sentence that says "we show" is what counts."""
    rng = np.random.default_rng(0)
    words = ["cats", "dogs", "nets", "trees", "graphs", "words", "maps", "games"]
    rows = []
    for number in range(count):
        about = " ".join(rng.choice(words, 3, replace=False))
        some = [f"Much is known of {rng.choice(words)}.", f"Number {number} is hard."]
        some.insert(int(rng.integers(0, 3)), f"We show {about}.")
        rows.append(json.dumps({"source": some, "target": [f"It shows {about}"]}))
    (folder / "texts.jsonl").write_text("\n".join(rows))
    return folder / "texts.jsonl"


@pytest.fixture
def texts(tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    write_texts(tmp_path)
    return tmp_path


def train(folder, options):
    places = f"--output {folder / 'model'} --report {folder / 'report'}"
    return kit(f"train summarization --data {folder / 'texts.jsonl'} {places} {SMALL} {options}")


@pytest.mark.slow
def test_the_sentence_that_counts_is_learned_and_served(texts):
    run = train(texts, "--epochs 10 --batch-size 16 --learning-rate 0.01")
    assert run.exit_code == 0, run.output
    facts = json.loads((texts / "report" / "metrics.json").read_text())
    reached = facts["test"]["metrics"]["ROUGE-1"]["mean"]
    others = {n: x["metrics"]["ROUGE-1"]["mean"] for n, x in facts["baselines"].items()}
    assert others["first sentence"] < reached <= others["best sentence (oracle)"]
    assert "rouge-score" in facts["test"]["protocol"]
    answer = kit(f"evaluate {texts / 'model'}")
    assert f"{reached:.4f}" in answer.output
    said = kit(f"predict {texts / 'model'} --input text=Hello.")
    assert json.loads(said.output)["outputs"]["summary"] == ["Hello."]


@pytest.mark.slow
def test_a_summary_is_written(texts):
    run = train(texts, "--mode abstractive --epochs 2 --batch-size 1024 --target-length 16")
    assert run.exit_code == 0, run.output
    facts = json.loads((texts / "report" / "metrics.json").read_text())
    assert facts["model"] == "transformer"
    assert facts["settings"]["mode"] == "abstractive"
    assert kit(f"evaluate {texts / 'model'}").exit_code == 0


def test_mistakes_are_named(texts):
    answer = train(texts, "--source-column text")
    assert answer.exit_code == 2
    assert "There is no column 'text'" in answer.output
