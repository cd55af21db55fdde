"""Split texts into words and sentences."""

import string
import unicodedata
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

# Characters from here on (rare scripts, emoji) stay as they are.
KNOWN_CHARACTERS = 0x10000
SPACE, LETTER, ALONE = 0, 1, 2
WHITE = " \t\n\r"
REPLACED = 0xFFFD
# Prefix of words that follow white space, with `spaced`.
AFTER_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"
# Chinese and Japanese are written without spaces: each ideograph is a word.
IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


def words_of(
    texts: Any, *, lower: bool = True, plain: bool = True, spaced: bool = False
) -> tf.RaggedTensor:
    """Split texts into words and punctuation.

    A run of letters and digits is a word, and so is each punctuation character and each ideograph.
    White space separates words; control characters and invalid bytes are removed.

    Args:
        texts: string [batch], UTF-8.
        lower: whether to lowercase.
        plain: whether to strip accents.
        spaced: whether the first word and those after white space begin with "\u2581", from which
            the text can be restored; the marker of Kudo and Richardson (2018), SentencePiece.

    Returns:
        string [batch, (words)], ragged.

    Source: Devlin et al. (2019), BERT: its BasicTokenizer.

    Example:

    >>> words_of(["Crème brûlée, s'il vous plaît!"]).to_list()
    [[b'creme', b'brulee', b',', b's', b"'", b'il', b'vous', b'plait', b'!']]
    >>> [word.decode() for word in words_of(["It's so."], spaced=True).to_list()[0]]
    ['\u2581it', "'", 's', '\u2581so', '.']
    """
    characters = tf.strings.unicode_decode(texts, "UTF-8")
    characters = _replaced(characters, lower, plain)
    kinds = _kinds_of(characters.values)
    rows = characters.value_rowids()
    # A word begins at each character that is a word by itself, at a letter that follows no
    # letter, and at the start of a row.
    before = tf.concat([[SPACE], kinds[:-1]], axis=0)
    row_before = tf.concat([tf.constant([-1], rows.dtype), rows[:-1]], axis=0)
    begins = (kinds == ALONE) | ((kinds == LETTER) & (before != LETTER)) | (row_before != rows)
    begins &= kinds != SPACE
    words = tf.cumsum(tf.cast(begins, tf.int64)) - 1
    word_rows = tf.boolean_mask(rows, begins)
    of_word = tf.RaggedTensor.from_value_rowids(
        tf.boolean_mask(characters.values, kinds != SPACE),
        tf.boolean_mask(words, kinds != SPACE),
        nrows=tf.size(word_rows, tf.int64),
        validate=False,
    )
    strings = tf.strings.unicode_encode(of_word, "UTF-8")
    if spaced:
        is_after = tf.boolean_mask((before == SPACE) | (row_before != rows), begins)
        strings = tf.where(is_after, AFTER_SPACE, "") + strings
    return tf.RaggedTensor.from_value_rowids(
        strings,
        word_rows,
        nrows=characters.nrows(),
        validate=False,
    )


def _kinds_of(characters: Any) -> Any:
    inside = characters < KNOWN_CHARACTERS
    near = tf.gather(tf.constant(_kinds()), tf.where(inside, characters, 0))
    far = [(first, last) for first, last in IDEOGRAPHS if first >= KNOWN_CHARACTERS]
    is_ideograph = tf.reduce_any([(characters >= a) & (characters <= b) for a, b in far], axis=0)
    return tf.where(inside, tf.cast(near, tf.int32), tf.where(is_ideograph, ALONE, LETTER))


def _replaced(characters: tf.RaggedTensor, lower: bool, plain: bool) -> tf.RaggedTensor:
    """Replace each character by none, one or several."""
    one, several = _becomes(lower, plain)
    values = characters.values
    inside = values < KNOWN_CHARACTERS
    becomes = tf.where(inside, tf.gather(tf.constant(one), tf.where(inside, values, 0)), values)
    parts = tf.gather(tf.constant(several), tf.maximum(-becomes, 0))
    rest = tf.zeros([tf.size(values), several.shape[1] - 1], tf.int32)
    alone = tf.concat([becomes[:, None], rest], axis=1)
    parts = tf.where(becomes[:, None] > 0, alone, parts)
    is_there = parts > 0
    of_each = tf.RaggedTensor.from_row_lengths(
        tf.boolean_mask(parts, is_there),
        tf.reduce_sum(tf.cast(is_there, tf.int64), axis=1),
        validate=False,
    )
    return characters.with_values(of_each).merge_dims(1, 2)


@cache
def _becomes(lower: bool, plain: bool) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """What each character becomes: one character, or `-row` of the table of several."""
    one = np.arange(KNOWN_CHARACTERS, dtype=np.int32)
    rows: dict[str, int] = {"": 0}
    for number in range(KNOWN_CHARACTERS):
        text = chr(number)
        category = unicodedata.category(text)
        if category == "Cs":
            continue
        if lower:
            text = text.lower()
        if plain:
            parts = unicodedata.normalize("NFD", text)
            text = "".join(part for part in parts if unicodedata.category(part) != "Mn")
        if text not in WHITE and (category in ("Cc", "Cf") or number == REPLACED):
            text = ""
        one[number] = ord(text) if len(text) == 1 else -rows.setdefault(text, len(rows))
    several = np.zeros((len(rows), max(1, *map(len, rows))), np.int32)
    for text, row in rows.items():
        several[row, : len(text)] = [ord(part) for part in text]
    return one, several


@cache
def _kinds() -> NDArray[np.uint8]:
    kinds = np.full(KNOWN_CHARACTERS, LETTER, np.uint8)
    for number in range(KNOWN_CHARACTERS):
        character = chr(number)
        category = unicodedata.category(character)
        if character in WHITE or category == "Zs":
            kinds[number] = SPACE
        elif character in string.punctuation or category.startswith("P"):
            kinds[number] = ALONE
    for first, last in IDEOGRAPHS:
        kinds[first : last + 1] = ALONE
    return kinds


# A full stop after these abbreviations does not end a sentence.
SHORTENED = "e\\.g|i\\.e|et al|cf|vs|resp|approx|Fig|Figs|Eq|Eqs|Sec|Tab|No|Dr|Mr|Mrs|Ms|Prof|St"
HELD = "\x01"


def sentences_of(texts: Any) -> tf.RaggedTensor:
    r"""Split texts into sentences, at new lines and at white space after `.`, `!` or `?`.

    Args:
        texts: string [batch].

    Returns:
        string [batch, (sentences)], ragged; a blank text has one sentence, the empty one.

    Example:

    >>> sentences_of(["We try, e.g. this. It works!\nSo?", ""]).to_list()
    [[b'We try, e.g. this.', b'It works!', b'So?'], [b'']]
    """
    held = tf.strings.regex_replace(texts, rf"\b({SHORTENED})\.[ \t]+", f"\\1.{HELD}")
    parted = tf.strings.regex_replace(held, r"([.!?][\"')\]]*)\s+", "\\1\n")
    whole = tf.strings.regex_replace(parted, HELD, " ")
    sentences = tf.strings.split(tf.strings.strip(whole), "\n")
    sentences = sentences.with_flat_values(tf.strings.strip(sentences.flat_values))
    sentences = tf.ragged.boolean_mask(sentences, sentences != "")
    empty = tf.fill([sentences.nrows(), 1], "")
    is_empty = sentences.row_lengths() == 0
    return tf.concat([tf.ragged.boolean_mask(empty, is_empty[:, None]), sentences], axis=1)
