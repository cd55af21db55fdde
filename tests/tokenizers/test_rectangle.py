import pytest
import tensorflow as tf

from kit.tokenizers import Bytes, WordPiece
from kit.tokenizers._rectangle import rectangle, with_marks

PIECES = [Bytes(), WordPiece(["[PAD]", "[UNK]", "[START]", "[END]", "a"])]


def test_what_is_too_long_loses_its_end_and_keeps_its_marks():
    rows = tf.ragged.constant([[5, 6, 7], [8], []], dtype=tf.int32)
    marked = with_marks(rows, 2, 3, 4)
    assert marked.to_list() == [[2, 5, 6, 3], [2, 8, 3], [2, 3]]
    assert rectangle(rows, 0, 2, False).numpy().tolist() == [[5, 6], [8, 0], [0, 0]]


def test_or_it_loses_its_middle():
    rows = tf.ragged.constant([[5, 6, 7, 8, 9, 10], [5, 6, 7, 8], [5], []], dtype=tf.int32)
    assert with_marks(rows, 2, 3, 6, ends=True).to_list() == [
        [2, 5, 8, 9, 10, 3],
        [2, 5, 6, 7, 8, 3],
        [2, 5, 3],
        [2, 3],
    ]


@pytest.mark.parametrize("tokens", PIECES)
def test_rows_may_be_as_long_as_the_longest(tokens):
    assert tokens.padded(["a a", "a"], 50, shortest=True).shape[1] <= 5
    assert tokens.padded(["a a a a a"], 4, shortest=True).shape == (1, 4)
    assert tokens.padded(["a"], 9, marked=False, shortest=True).shape == (1, 2)


@pytest.mark.parametrize("tokens", PIECES)
def test_an_empty_batch_has_a_width(tokens):
    assert tokens.padded(tf.constant([], tf.string), 9, shortest=True).shape == (0, 2)
