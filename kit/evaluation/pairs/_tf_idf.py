"""Texts as weights of their words, to find what is alike."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import regex
from numpy.typing import NDArray
from scipy import sparse

from kit.evaluation.pairs._tokens import LETTER

# As scikit-learn has it, but with marks, and by the character where no space parts words.
WORDS = regex.compile(rf"{LETTER}\p{{M}}*|(?:(?!{LETTER})[\w\p{{M}}])+", regex.V1)


class TfIdf:
    """Vectors of texts, of length 1: words that few texts have count more.

    Args:
        texts: from which it learns how many texts have a word.

    Example:

    >>> tf_idf = TfIdf(["a cat", "a dog"])
    >>> (tf_idf.vectors(["the cat"]) @ tf_idf.vectors(["a cat", "a dog"]).T).toarray().argmax()
    np.int64(0)
    """

    def __init__(self, texts: Sequence[str]) -> None:
        have: Counter[str] = Counter()
        for text in texts:
            have.update(set(WORDS.findall(text.lower())))
        self._column = {word: place for place, word in enumerate(sorted(have))}
        counts = np.array([have[word] for word in self._column], np.float64)
        self._weight: NDArray[np.float64] = np.log((1 + len(texts)) / (1 + counts)) + 1

    def vectors(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """float64 [texts, words]; words it has not learned are passed over."""
        rows, columns, values = [], [], []
        for row, text in enumerate(texts):
            for word, times in Counter(WORDS.findall(text.lower())).items():
                if word in self._column:
                    rows.append(row)
                    columns.append(self._column[word])
                    values.append((1 + np.log(times)) * self._weight[columns[-1]])
        shape = (len(texts), len(self._column))
        found = sparse.csr_matrix((values, (rows, columns)), shape)
        length = np.sqrt(found.multiply(found).sum(axis=1)).A1
        return sparse.diags(1 / np.maximum(length, 1e-12)) @ found
