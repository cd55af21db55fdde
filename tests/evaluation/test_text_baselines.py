import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from kit.data.texts import TextSource, split_texts
from kit.evaluation import text_baselines
from kit.evaluation._text_baselines import _counts, _fitted, _grams, _known, _probabilities, _unit


def reviews(rows=300):
    """Only the pair of words tells: "not good" is bad, "not bad" is good."""
    rng = np.random.default_rng(0)
    kinds = [("not good", "bad"), ("not bad", "good"), ("good", "good"), ("bad", "bad")]
    chosen = [kinds[n] for n in rng.integers(0, 4, rows)]
    filler = ("tea", "cup", "plate", "spoon")
    texts = [
        f"{rng.choice(filler)} {n} is {said} {rng.choice(filler)}"
        for n, (said, _) in enumerate(chosen)
    ]
    labels = [label for _, label in chosen]
    return split_texts(TextSource("some", texts, [str(n) for n in range(rows)], labels, None, ""))


def test_pairs_of_words_are_seen():
    data = reviews()
    found = text_baselines(data)
    assert found["bigrams, linear"].summary()["accuracy"] > 0.95
    shares = np.bincount(data.train.labels) / len(data.train)
    np.testing.assert_allclose(found["most frequent"].probabilities[0], shares)


def test_it_is_a_logistic_regression():
    data = reviews()
    grams, rows = _grams(data.train.texts)
    known = _known((grams, rows))
    assert b"not good" in known
    assert b"0" not in known
    columns = _unit(_counts(grams, rows, known, len(data.train)), np.ones(len(known)))
    np.testing.assert_allclose(columns.multiply(columns).sum(axis=1), 1)
    found = _fitted(columns, np.eye(2)[data.train.labels], 1.0, np.zeros((len(known) + 1, 2)))
    # Two columns of weights under one penalty each are one column under half of it.
    expected = LogisticRegression(C=2.0, tol=1e-8, max_iter=1000).fit(columns, data.train.labels)
    said = _probabilities(columns, found)[:, 1]
    assert said == pytest.approx(expected.predict_proba(columns)[:, 1], abs=2e-3)


def test_texts_without_known_words_are_answered():
    data = reviews(60)
    found = text_baselines(data)["bigrams, linear"].probabilities
    np.testing.assert_allclose(found.sum(axis=1), 1)
    grams, rows = _grams(["", "zzz", ""])
    assert _counts(grams, rows, {b"a": 0}, 3).shape == (3, 1)
