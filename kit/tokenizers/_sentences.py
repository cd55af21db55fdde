"""Cut texts into sentences, in operations of TensorFlow's core."""

from typing import Any

import tensorflow as tf

# A stop behind these ends no sentence.
SHORTENED = "e\\.g|i\\.e|et al|cf|vs|resp|approx|Fig|Figs|Eq|Eqs|Sec|Tab|No|Dr|Mr|Mrs|Ms|Prof|St"
HELD = "\x01"


def sentences_of(texts: Any) -> tf.RaggedTensor:
    r"""The sentences of texts: a new line begins one, and white space behind `.`, `!` or `?`.

    Args:
        texts: string [batch].

    Returns:
        string [batch, (sentences)]; a text without a word has one, the empty one.

    Example:

    >>> sentences_of(["We try, e.g. this. It works!\nSo?", ""]).to_list()
    [[b'We try, e.g. this.', b'It works!', b'So?'], [b'']]
    """
    held = tf.strings.regex_replace(texts, rf"\b({SHORTENED})\.[ \t]+", f"\\1.{HELD}")
    parted = tf.strings.regex_replace(held, r"([.!?][\"')\]]*)\s+", "\\1\n")
    whole = tf.strings.regex_replace(parted, HELD, " ")
    found = tf.strings.split(tf.strings.strip(whole), "\n")
    found = found.with_flat_values(tf.strings.strip(found.flat_values))
    found = tf.ragged.boolean_mask(found, found != "")
    nothing = tf.fill([found.nrows(), 1], "")
    is_empty = found.row_lengths() == 0
    return tf.concat([tf.ragged.boolean_mask(nothing, is_empty[:, None]), found], axis=1)
