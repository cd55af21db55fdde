import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from kit.evaluation import Translations

REFERENCES = [
    ["The cat sat on the mat.", "A cat sat on a mat."],
    ["He is old, isn't he?"],
    ["Two young men are near many bushes."],
] * 10
TEXTS = ["The cat sat on a mat.", "He's old, is he?", "Two men are near some bushes outside."] * 10


def test_bleu_and_chrf_are_those_of_sacrebleu():
    found = Translations(TEXTS, REFERENCES).summary()
    streams = [[r[0] for r in REFERENCES], [r[1] if len(r) > 1 else None for r in REFERENCES]]
    expected = BLEU().corpus_score(TEXTS, streams)
    assert found["BLEU"] == pytest.approx(expected.score, abs=1e-9)
    assert found["length ratio"] == pytest.approx(expected.ratio)
    assert found["chrF"] == pytest.approx(CHRF().corpus_score(TEXTS, streams).score)


def test_the_signature_says_how():
    said = Translations(TEXTS, REFERENCES).implementation
    assert "nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp|version:" in said


def test_intervals_hold_the_mean_and_differences_are_paired():
    some = Translations(TEXTS, REFERENCES)
    low, high = some.intervals()["BLEU"]
    assert low < some.summary()["BLEU"] < high
    none = some.minus(some)["BLEU"]
    assert (none.mean, none.low, none.high) == (0, 0, 0)
    worse = Translations([f"no {text}" for text in TEXTS], REFERENCES)
    assert some.minus(worse)["BLEU"].outside_chance
    with pytest.raises(ValueError, match="same references"):
        some.minus(Translations(TEXTS[:3], REFERENCES[:3]))


def test_each_text_has_a_score_of_its_own():
    found = Translations(["The cat sat on the mat.", "nothing"], REFERENCES[:2]).of_texts
    assert found[0] == pytest.approx(100)
    assert found[1] < 20
    assert np.isfinite(Translations([""], [["a"]]).of_texts).all()
