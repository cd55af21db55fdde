import numpy as np
import tensorflow as tf

from kit.tokenizers import sentences_of
from tests.models.writers import TEXTS, sentence_chooser


def test_it_gives_a_sentence_of_each_text_as_it_stands():
    choose = sentence_chooser()
    found = choose.write([*TEXTS, ""] * 14)
    for text, chosen in zip(TEXTS, found, strict=False):
        assert chosen.encode() in sentences_of(tf.constant([text])).to_list()[0]
    assert found[4] == ""
    assert found[:5] == found[-5:] == [choose.write([text])[0] for text in [*TEXTS, ""]]


def test_scores_are_log_probabilities_among_the_sentences():
    choose = sentence_chooser()
    answer = choose(tf.constant(["One.", "One. Two. Three."]))
    assert float(answer["score"][0]) == 0
    assert np.log(1 / 3) <= float(answer["score"][1]) < 0


def test_any_number_of_texts():
    choose = sentence_chooser()
    graph = tf.function(choose, input_signature=[tf.TensorSpec([None], tf.string)])
    for count in (0, 1, 4):
        some = tf.constant(TEXTS[:count], tf.string)
        answer = graph(some)
        assert answer["text"].shape == answer["score"].shape == (count,)
        assert choose.embed(some).shape == (count, 8)
