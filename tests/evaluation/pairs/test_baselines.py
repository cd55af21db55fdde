from kit.data.pairs import PairSource, split_pairs
from kit.evaluation.pairs import summary_baselines, translation_baselines


def pairs(rows, parts):
    sources, targets = zip(*rows, strict=True)
    return split_pairs(PairSource("some", sources, targets, parts, ("a", "b"), ""))


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
