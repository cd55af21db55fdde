import numpy as np
import pytest
import tensorflow as tf

from tests.models.writers import TEXTS, text_to_text


@pytest.mark.slow
def test_many_texts_are_written_as_each_alone():
    writer = text_to_text(beams=2)
    many = writer.write([*TEXTS, ""] * 14)
    for place, text in enumerate([*TEXTS, ""]):
        assert writer.write([text]) == [many[place]] == [many[place + 5]]
    assert writer.write([]) == []


def test_no_text_is_longer_than_allowed_and_long_ones_are_read_from_the_front():
    writer = text_to_text(beams=1)
    long = "cat " * 100
    assert writer.tokens_of([long]).row_lengths().numpy().tolist() == [20]
    same = writer(tf.constant([long, long + "dog"]))
    assert same["text"][0] == same["text"][1]
    assert writer.tokenizer.tokenize(same["text"]).row_lengths().numpy().max() <= 12


@pytest.mark.slow
def test_scores_and_vectors_of_any_number_of_texts():
    writer = text_to_text()
    signature = [tf.TensorSpec([None], tf.string)]
    graph = tf.function(writer, autograph=False, input_signature=signature)
    for count in (0, 1, 4):
        some = tf.constant(TEXTS[:count], tf.string)
        answer = graph(some)
        assert answer["text"].shape == answer["score"].shape == (count,)
        assert np.isfinite(answer["score"]).all()
        assert (answer["score"].numpy() <= 0).all()
        assert writer.embed(some).shape == (count, 8)
