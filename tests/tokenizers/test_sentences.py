import pytest
import tensorflow as tf

from kit.tokenizers import sentences_of


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ('He said "no." Then (so.) he left.', ['He said "no."', "Then (so.)", "he left."]),
        ("See Fig. 3, e.g. this, of Li et al. as 1.5 is.", None),
        ("a line\nanother. one\n\n", ["a line", "another.", "one"]),
        ("", [""]),
        (" \n ", [""]),
        ("Où ? Là.", ["Où ?", "Là."]),
    ],
)
def test_sentences(text, sentences):
    found = sentences_of(tf.constant([text])).to_list()[0]
    assert [sentence.decode() for sentence in found] == (sentences or [text])


def test_no_text_gives_no_row():
    assert sentences_of(tf.zeros([0], tf.string)).nrows() == 0
