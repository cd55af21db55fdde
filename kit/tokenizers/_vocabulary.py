"""Learn the vocabulary of a WordPiece tokenizer."""

from collections import Counter
from collections.abc import Iterable
from itertools import islice

import tensorflow as tf

from kit.tokenizers._words import words_of

PADDING = "[PAD]"
"""Fills a row up to its length; its number is 0."""
UNKNOWN = "[UNK]"
"""Stands for what the vocabulary lacks."""
START = "[START]"
"""Begins a generated text."""
END = "[END]"
"""Ends a generated text."""
MARKS = (PADDING, UNKNOWN, START, END)
"""The special tokens, in the order of their numbers."""
JOINED = "##"
AT_ONCE = 4096
# Pieces of rarer words are those of the frequent ones.
MOST_WORDS = 30_000


def train_wordpiece(
    texts: Iterable[str], size: int, *, lower: bool = True, plain: bool = True
) -> list[str]:
    """Pieces of words, learned from texts; `MARKS` come first.

    The same texts give the same pieces.

    Args:
        texts: what to learn from.
        size: pieces at most; there are up to a twentieth fewer, and fewer yet of few texts.
        lower: whether letters are made small.
        plain: whether letters lose their accents.

    Raises:
        ValueError: there is no word in the texts.

    Source: Schuster and Nakajima (2012), Japanese and Korean voice search; the learning is that of
    TensorFlow Text, which keras-nlp's `compute_word_piece_vocabulary` calls, too.

    Example:

    >>> train_wordpiece(["so new", "newer and newest"], 30)[-5:]
    ['and', 'new', 'newer', 'newest', 'so']
    """
    # Only who learns a vocabulary needs it.
    from tensorflow_text.tools.wordpiece_vocab import wordpiece_tokenizer_learner_lib as learner

    counts: Counter[bytes] = Counter()
    rest = iter(texts)
    while batch := list(islice(rest, AT_ONCE)):
        counts.update(words_of(tf.constant(batch), lower=lower, plain=plain).flat_values.numpy())
    if not counts:
        raise ValueError("There is no word in the texts.")
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:MOST_WORDS]
    # Words alone would fill the vocabulary if those as frequent as this one were in it.
    fewest = ranked[min(size, len(ranked)) - 1][1]
    return list(
        learner.learn(
            [(word.decode(), count) for word, count in ranked],
            vocab_size=size,
            reserved_tokens=list(MARKS),
            lower_thresh=fewest,
            upper_thresh=32 * fewest,
        )
    )
