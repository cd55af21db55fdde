from pathlib import Path

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers.models import WordPiece as ReferenceWordPiece

from kit.tokenizers import SPECIAL_TOKENS, WordPiece

PIECES = [
    *SPECIAL_TOKENS,
    "a",
    "ab",
    "abc",
    "b",
    "c",
    "##a",
    "##b",
    "##bc",
    "##cab",
    "é",
    "##é",
    "!",
]


def of_reference(word: str) -> list[int]:
    number_of = {piece: number for number, piece in enumerate(PIECES)}
    model = ReferenceWordPiece(number_of, unk_token="[UNK]", max_input_chars_per_word=100)
    return [token.id for token in model.tokenize(word)]


@given(st.lists(st.text("abcé", min_size=1, max_size=12), max_size=6))
@settings(max_examples=25, deadline=None)
def test_words_are_cut_into_the_longest_pieces(words: list[str]) -> None:
    found = WordPiece(PIECES, plain=False).tokenize([" ".join(words)]).to_list()
    assert found == [[number for word in words for number in of_reference(word)]]


def test_a_word_of_more_than_a_hundred_letters_is_unknown() -> None:
    tokens = WordPiece(PIECES)
    assert tokens.tokenize(["a" * 100, "a" * 101]).to_list() == [[4] + [9] * 99, [1]]


def test_rows_are_cut_and_filled_to_the_length() -> None:
    tokens = WordPiece(PIECES)
    assert tokens.padded(["a b c", "", "a"], 4).numpy().tolist() == [
        [2, 4, 7, 3],
        [2, 3, 0, 0],
        [2, 4, 3, 0],
    ]
    assert tokens.padded(["a b c", ""], 2, marked=False).numpy().tolist() == [[4, 7], [0, 0]]
    assert tokens.padded(tf.constant([], tf.string), 3).shape == (0, 3)


def test_text_comes_back_until_the_end() -> None:
    tokens = WordPiece(PIECES)
    numbers = [*tokens.padded(["abcab a!"], 9).numpy()[0], 5]
    assert tokens.detokenize([numbers]).numpy().tolist() == [b"abcab a !"]


def test_it_answers_in_a_saved_graph_and_from_its_config(tmp_path: Path) -> None:
    tokens = WordPiece(PIECES, lower=False, end="!")
    assert WordPiece(**tokens.get_config()).get_config() == tokens.get_config()
    module = tf.Module()
    module.tokens = tokens
    module.run = tf.function(
        lambda texts: tokens.padded(texts, 6), input_signature=[tf.TensorSpec([None], tf.string)]
    )
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    texts = tf.constant(["abc A", "x"])
    assert loaded.run(texts).numpy().tolist() == tokens.padded(texts, 6).numpy().tolist()


@pytest.mark.parametrize(
    ("pieces", "error"),
    [
        ([*PIECES, "a"], "A token occurs twice"),
        (["a"], r"The vocabulary has no \[PAD\]"),
    ],
)
def test_a_vocabulary_that_cannot_be_is_refused(pieces: list[str], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        WordPiece(pieces)
