import pytest
import tensorflow as tf

from kit.tokenizers import (
    SPECIAL_TOKENS,
    BytePairs,
    Bytes,
    WordPiece,
    rectangle,
    with_special_tokens,
)

LETTERS = [*SPECIAL_TOKENS, "a", "b", "##a", "##b"]
TEXT2TEXT = BytePairs(["<pad>", "<unk>", "<s>", "</s>", "a", "b"], [])


@pytest.mark.parametrize("tokens", [Bytes(), WordPiece(LETTERS), TEXT2TEXT])
def test_rows_are_marked_cut_and_filled(tokens):
    texts = tf.constant(["ab", "abbaabba", ""])
    whole = tokens.tokenize(texts).to_list()
    padding, start, end = tokens.padding, tokens.start, tokens.end
    marked = tokens.marked(texts, 6).to_list()
    assert marked == [[start, *row[:4], end] for row in whole]
    rows = tokens.padded(texts, 6).numpy().tolist()
    assert rows == [row + [padding] * (6 - len(row)) for row in marked]
    assert tokens.padded(texts[:1], 6, shortest=True).numpy().tolist() == marked[:1]
    assert tokens.padded(texts, 3, marked=False).numpy().tolist()[2] == [padding] * 3
    # A quarter of the start and the rest of the end.
    assert tokens.padded(texts, 6, ends=True).numpy().tolist()[1][1:5] == [
        whole[1][0],
        *whole[1][-3:],
    ]


def test_what_is_of_the_text():
    tokens = Bytes()
    numbers = tf.constant([[2, 10, 1, 3, 11, 0], [0, 2, 12, 13, 0, 0]])
    assert tokens.is_text(numbers).numpy().tolist() == [
        [False, True, True, False, False, False],
        [False, False, True, True, False, False],
    ]


PIECES = [Bytes(), WordPiece(["[PAD]", "[UNK]", "[START]", "[END]", "a"])]


def test_what_is_too_long_loses_its_end_and_keeps_its_marks():
    rows = tf.ragged.constant([[5, 6, 7], [8], []], dtype=tf.int32)
    marked = with_special_tokens(rows, 2, 3, 4)
    assert marked.to_list() == [[2, 5, 6, 3], [2, 8, 3], [2, 3]]
    assert rectangle(rows, 0, 2, False).numpy().tolist() == [[5, 6], [8, 0], [0, 0]]


def test_or_it_loses_its_middle():
    rows = tf.ragged.constant([[5, 6, 7, 8, 9, 10], [5, 6, 7, 8], [5], []], dtype=tf.int32)
    assert with_special_tokens(rows, 2, 3, 6, ends=True).to_list() == [
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
