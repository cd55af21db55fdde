import pytest
import tensorflow as tf

from kit.tokenizers import MARKS, BytePairs, Bytes, WordPiece

LETTERS = [*MARKS, "a", "b", "##a", "##b"]
PAIRS = BytePairs(["<pad>", "<unk>", "<s>", "</s>", "a", "b"], [])


@pytest.mark.parametrize("tokens", [Bytes(), WordPiece(LETTERS), PAIRS])
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
