import pytest
from rouge_score.rouge_scorer import RougeScorer

from kit.evaluation import Summaries

REFERENCES = [["a model of cats", "we model all the cats"], ["networks learn to sleep"]]
TEXTS = ["we modelled cats", "a network sleeps"]


def test_it_is_the_mean_of_the_best_reference():
    found = Summaries(TEXTS, REFERENCES)
    scorer = RougeScorer(["rouge1"], use_stemmer=True)
    best = [
        max(scorer.score(r, text)["rouge1"].fmeasure for r in some)
        for text, some in zip(TEXTS, REFERENCES, strict=True)
    ]
    assert found.of_texts.tolist() == pytest.approx(best)
    assert found.summary()["ROUGE-1"] == pytest.approx(sum(best) / 2)
    assert found.summary()["words"] == 3
    assert "rouge-score" in found.implementation


def test_differences_are_paired():
    one, other = Summaries(TEXTS * 20, REFERENCES * 20), Summaries(["x", "y"] * 20, REFERENCES * 20)
    assert one.minus(other)["ROUGE-1"].outside_chance
    assert one.minus(one)["ROUGE-L"].mean == 0
    with pytest.raises(ValueError, match="same references"):
        one.minus(Summaries(TEXTS, REFERENCES))
    low, high = one.intervals()["ROUGE-1"]
    assert low <= one.estimates()["ROUGE-1"].mean <= high
