"""Token ids of many texts, stored without padding."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.tokenizers._tokenizer import Tokenizer

TEXTS_AT_ONCE = 1024


@dataclass(frozen=True)
class TokenIds:
    """Token ids of texts, with special tokens and without padding.

    Args:
        values: int32 [tokens of all texts].
        offsets: int64 [texts + 1], where each text begins in `values`.
    """

    values: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of tokens of each text, int64 [texts]."""
        return np.diff(self.offsets)

    def padded(self, rows: NDArray[np.integer], padding: int = 0) -> NDArray[np.int32]:
        """Token ids of some texts, padded to the longest: int32 [rows, length of the longest]."""
        lengths = self.lengths[rows]
        places = np.arange(lengths.max(initial=0))[None, :]
        filled = places < lengths[:, None]
        token_ids = np.full(filled.shape, padding, np.int32)
        token_ids[filled] = self.values[(self.offsets[:-1][rows, None] + places)[filled]]
        return token_ids


def encode_batch(tokenizer: Tokenizer, texts: Sequence[str], length: int) -> TokenIds:
    """Tokenize texts to at most `length` tokens each; the middle of a longer text is truncated.

    Args:
        tokenizer: the tokenizer.
        texts: the texts.
        length: maximum number of tokens of a text, special tokens included.

    Example:

    >>> from kit.tokenizers._bytes import Bytes
    >>> encode_batch(Bytes(), ["a", "abc"], 4).values.tolist()
    [2, 101, 3, 2, 102, 103, 3]
    """
    values, lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        batch = tf.constant(list(texts[start : start + TEXTS_AT_ONCE]))
        # A text contains no padding, so dropping all padding leaves exactly the text.
        rows = tokenizer.padded(batch, length, shortest=True, ends=True).numpy()
        filled = rows != tokenizer.padding
        values.append(rows[filled])
        lengths.append(filled.sum(axis=1))
    return TokenIds(np.concatenate(values), np.cumsum([0, *np.concatenate(lengths)]))
