import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from kit.data.text2text import Text2TextSource, TextPairs, split_text2text
from kit.evaluation import (
    Summaries,
    TfIdf,
    sentence_scores,
    summary_baselines,
    translation_baselines,
)


def pairs(rows, parts):
    sources, targets = zip(*rows, strict=True)
    return split_text2text(Text2TextSource("some", sources, targets, parts, ("a", "b"), ""))


def test_translations_by_copying_and_by_the_nearest_source():
    rows = [("a red dog runs", "ein roter Hund"), ("two cats", "zwei Katzen")]
    rows += [("valid", "v"), ("valid again", "w"), ("the red dog", "der Hund"), ("cats", "Katzen")]
    data = pairs(rows, ["train"] * 2 + ["valid"] * 2 + ["test"] * 2)
    found = translation_baselines(data)
    assert list(found["copy"].texts) == ["the red dog", "cats"]
    assert found["nearest source"].texts == ["ein roter Hund", "zwei Katzen"]


def test_summaries_by_one_sentence():
    text = "Hello all. Cats and dogs sleep. Cats and dogs eat and sleep. Cats eat."
    rows = [(f"{text} {n}", "cats and dogs") for n in range(5)] + [(text, "hello"), ("One.", "one")]
    found = summary_baselines(pairs(rows, ["train"] * 3 + ["valid"] * 2 + ["test"] * 2))
    assert {name: one.texts[0] for name, one in found.items()} == {
        "first sentence": "Hello all.",
        "central sentence": "Cats and dogs eat and sleep.",
        "best sentence (oracle)": "Hello all.",
    }
    assert {one.texts[1] for one in found.values()} == {"One."}


TEXTS = ["the cat sat on the mat", "a dog, a Cat", "nothing here", "dogs run", ""]


def test_it_is_what_scikit_learn_computes():
    peer = TfidfVectorizer(token_pattern=r"\w+", sublinear_tf=True)
    expected = peer.fit_transform(TEXTS)
    np.testing.assert_allclose(TfIdf(TEXTS).vectors(TEXTS).toarray(), expected.toarray())


def test_each_sentence_is_held_against_the_summaries():
    pairs = TextPairs(("One cat. Two dogs. Three.", "Alone"), (("two cats", "a dog"), ("alone",)))
    found = sentence_scores(pairs, 2)
    assert found.shape == (2, 2)
    for place, sentence in enumerate(("One cat.", "Two dogs.")):
        assert found[0, place] == Summaries([sentence], pairs.references[:1]).of_texts[0]
    assert found[1].tolist() == [1, 0]
