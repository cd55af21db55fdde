import keras
import numpy as np
import pytest

from kit.evaluation import Summaries, Translations, intervals_of, token_accuracy

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
    # Sums may be rounded otherwise beside other columns.
    assert intervals_of({"one": values})["one"] == pytest.approx((low, high), abs=1e-12)


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


class Says(keras.Model):
    """Says of each token of the target that it follows itself."""

    def call(self, inputs, training=False):
        return keras.ops.one_hot(inputs["target"], 10)


def test_it_counts_the_tokens_that_are_there():
    read = {"source": np.ones((2, 3), np.int32), "target": np.array([[5, 6, 0], [7, 8, 9]])}
    following = np.array([[5, 7, 0], [7, 8, 1]], np.int32)
    batch = ({name: x.astype(np.int32) for name, x in read.items()}, following)
    assert token_accuracy(Says(), [batch, batch])() == pytest.approx(3 / 5)
    assert token_accuracy(Says(), [])() == 0
