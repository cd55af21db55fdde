import numpy as np
import pytest

from kit.evaluation.pairs import Summaries, Translations
from kit.evaluation.pairs._generated_texts import intervals_of

TEXTS = ["the cat sat on the mat", "a dog ran away from it", "", "birds sing at dawn in May"]
SAID = ["the cat sat on a mat", "a dog ran off from it", "something else", TEXTS[3]]
REFERENCES = [[text or "nothing at all was written"] for text in TEXTS]


def test_intervals_are_around_the_means_of_the_same_resamples():
    rng = np.random.default_rng(0)
    values = rng.random(200)
    found = intervals_of({"one": values, "twice": 2 * values, "sure": np.full(200, 0.5)})
    assert list(found) == ["one", "twice", "sure"]
    low, high = found["one"]
    assert low < values.mean() < high
    assert found["twice"] == pytest.approx((2 * low, 2 * high))
    assert found["sure"] == (0.5, 0.5)
    assert intervals_of({"one": values})["one"] == (low, high)


@pytest.mark.parametrize("kind", [Translations, Summaries])
def test_every_kind_keeps_what_is_promised(kind):
    ours, theirs = kind(SAID, REFERENCES), kind(TEXTS, REFERENCES)
    assert (list(ours.texts), [list(r) for r in ours.references]) == (SAID, REFERENCES)
    assert len(ours.of_texts) == len(SAID)
    # What is as people wrote it is best; what is empty is worth nothing.
    assert ours.of_texts.argmax() == 3
    assert theirs.of_texts.argmin() == 2
    summary = ours.summary()
    assert kind.METRIC in kind.SHOWN
    assert set(kind.SHOWN) <= set(summary)
    assert any(digit in ours.implementation for digit in "0123456789")
    estimates = ours.estimates()
    assert {name: one.mean for name, one in estimates.items()} == summary
    for name, (low, high) in ours.intervals().items():
        assert (estimates[name].low, estimates[name].high) == (low, high)
        assert low <= summary[name] <= high
    difference = ours.minus(theirs)[kind.METRIC].mean
    assert difference == pytest.approx(summary[kind.METRIC] - theirs.summary()[kind.METRIC])
    assert ours.minus(ours)[kind.METRIC].mean == 0
