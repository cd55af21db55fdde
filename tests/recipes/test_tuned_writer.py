import json
import warnings

import pytest

from tests.exporting.parts import passing
from tests.models.pretrained.test_load_seq2seq import save_tiny_bart
from tests.models.pretrained.test_t5 import save_tiny_t5
from tests.recipes.test_translation import kit, train

WORDS = ["ab", "pad", "cab", "dab", "lap", "pal"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("tuned")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save_tiny_bart(place / "bart")
    rows = [("en", "xx"), *((f"{a} {b}", f"{b} {a}") for a in WORDS for b in WORDS)]
    (place / "pairs.tsv").write_text("\n".join("\t".join(row) for row in rows) + "\n")
    return place


@pytest.mark.slow
def test_a_backbone_is_tuned_exported_and_verified_by_all_loaders(folder):
    options = "--epochs 1 --batch-size 128 --beams 2"
    run = train(folder, f"--backbone {folder / 'bart'} {options}")
    assert run.exit_code == 0, run.output
    assert "signatures answer as the live model does, by three loaders" in run.output
    facts = json.loads((folder / "report" / "metrics.json").read_text())
    # No longer than the backbone has places for.
    lengths = [facts["settings"][f"{side}_length"] for side in ("source", "target")]
    assert lengths == [32, 31]
    assert "whole backbone" in run.output
    answer = kit(f"predict {folder / 'model'} --input text=ab")
    assert answer.exit_code == 0, answer.output


@pytest.mark.slow
def test_small_matrices_are_tuned(folder, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    options = "--tune lora --rank 2 --epochs 1 --batch-size 128 --beams 1 --fresh"
    run = train(folder, f"--backbone {folder / 'bart'} {options}")
    assert run.exit_code == 0, run.output
    assert "lora backbone" in run.output


@pytest.mark.slow
def test_operations_that_a_tokenizer_needs_are_told(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save_tiny_t5(folder / "t5")
    options = "--epochs 1 --batch-size 128 --beams 2 --fresh"
    run = train(folder, f"--backbone {folder / 't5'} {options}")
    assert run.exit_code == 0, run.output
    assert "by two loaders; C library: not possible, it needs Sentencepiece" in run.output
    version = max((folder / "model").iterdir())
    card = (version / "assets.extra" / "model_card.md").read_text()
    assert "Not in core TensorFlow, registered by Python's `tensorflow_text`" in card
    verified = kit(f"verify {version}")
    assert verified.exit_code == 0, verified.output
    assert "SentencepieceTokenizeOp of tensorflow_text" in " ".join(verified.output.split())
    answer = kit(f"predict {version} --input text=fox")
    assert answer.exit_code == 0, answer.output


def test_what_is_no_backbone_is_named(folder):
    run = train(folder, f"--backbone {folder / 'nothing'}")
    assert run.exit_code == 2
    assert "there is no such folder" in run.output


def test_choosing_sentences_needs_no_backbone(folder):
    run = kit(f"train summarization --data {folder / 'pairs.tsv'} --backbone {folder / 'bart'}")
    assert run.exit_code == 2
    assert "--mode abstractive" in run.output
