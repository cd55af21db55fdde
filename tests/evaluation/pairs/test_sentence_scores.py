from kit.data.pairs import Pairs
from kit.evaluation.pairs import Summaries, sentence_scores


def test_each_sentence_is_held_against_the_summaries():
    pairs = Pairs(("One cat. Two dogs. Three.", "Alone"), (("two cats", "a dog"), ("alone",)))
    found = sentence_scores(pairs, 2)
    assert found.shape == (2, 2)
    for place, sentence in enumerate(("One cat.", "Two dogs.")):
        assert found[0, place] == Summaries([sentence], pairs.references[:1]).of_texts[0]
    assert found[1].tolist() == [1, 0]
