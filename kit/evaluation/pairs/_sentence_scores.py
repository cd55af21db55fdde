"""How much each sentence of a text is like its summary."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.pairs import Pairs
from kit.evaluation.pairs._summaries import Summaries
from kit.tokenizers import sentences_of


def in_sentences(texts: Sequence[str]) -> list[list[str]]:
    """The sentences of each text, one or more."""
    found = sentences_of(tf.constant(list(texts))).to_list()
    return [[sentence.decode() for sentence in some] for some in found]


def sentence_scores(pairs: Pairs, most: int) -> NDArray[np.float64]:
    """ROUGE-1 of the first sentences of each text with its summary.

    Args:
        pairs: texts and their summaries.
        most: sentences of a text.

    Returns:
        float64 [texts, most], 0 where there is no sentence.

    Example:

    >>> pairs = Pairs(("Cats sleep. Dogs run.",), (("Dogs run fast",),))
    >>> sentence_scores(pairs, 3).round(1).tolist()
    [[0.0, 0.8, 0.0]]
    """
    sentences = [some[:most] for some in in_sentences(pairs.sources)]
    flat = Summaries(
        [sentence for some in sentences for sentence in some],
        [pairs.references[row] for row, some in enumerate(sentences) for _ in some],
    ).of_texts
    counts = np.array([len(some) for some in sentences])
    found = np.zeros((len(sentences), most))
    found[np.arange(most) < counts[:, None]] = flat
    return found
