"""Baselines of translation and summarization."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import regex
import tensorflow as tf
from numpy.typing import NDArray
from scipy import sparse

from kit.data.text2text import Text2TextData, TextPairs
from kit.evaluation._generation import Summaries, Translations
from kit.evaluation._metric_tokenizers import LETTER
from kit.progress import stage
from kit.tokenizers import sentences_of

# As in scikit-learn, but with combining marks, and by character in scripts without spaces.
WORDS = regex.compile(rf"{LETTER}\p{{M}}*|(?:(?!{LETTER})[\w\p{{M}}])+", regex.V1)


class TfIdf:
    """TF-IDF vectors of texts, of unit length.

    Args:
        texts: the texts that vocabulary and document frequencies are fitted on.

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
        """float64 [texts, words]; words outside the vocabulary are ignored."""
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


def in_sentences(texts: Sequence[str]) -> list[list[str]]:
    """The sentences of each text, one or more."""
    found = sentences_of(tf.constant(list(texts))).to_list()
    return [[sentence.decode() for sentence in some] for some in found]


def sentence_scores(pairs: TextPairs, most: int) -> NDArray[np.float64]:
    """ROUGE-1 of the first sentences of each text with its summary.

    Args:
        pairs: texts and their summaries.
        most: sentences of a text.

    Returns:
        float64 [texts, most], 0 where there is no sentence.

    Example:

    >>> pairs = TextPairs(("Cats sleep. Dogs run.",), (("Dogs run fast",),))
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


AT_ONCE = 512
DAMPING, ROUNDS = 0.85, 30


@stage("baselines")
def translation_baselines(
    data: Text2TextData, tokenizer: str | None = None
) -> dict[str, Translations]:
    """Translations of test by each baseline, by name.

    * "copy": the source itself;
    * "nearest source": the translation of the most similar source of train, by TF-IDF.

    Args:
        data: the split pairs.
        tokenizer: for BLEU; None chooses by the script.
    """
    test = data.test
    return {
        "copy": Translations(test.sources, test.references, tokenizer),
        "nearest source": Translations(_nearest(data), test.references, tokenizer),
    }


@stage("baselines")
def summary_baselines(data: Text2TextData) -> dict[str, Summaries]:
    """Summaries of test by each baseline, by name.

    * "first sentence": LEAD-1;
    * "central sentence": the sentence most similar to the others, by TextRank over TF-IDF;
    * "best sentence (oracle)": the sentence with the highest ROUGE-1, chosen with the references:
      an upper bound for systems that extract one sentence.

    Args:
        data: the split pairs.
    """
    test = data.test
    sentences = in_sentences(test.sources)
    tf_idf = TfIdf([one for some in in_sentences(data.train.sources) for one in some])
    best = [
        some[int(np.argmax(Summaries(some, [references] * len(some)).of_texts))]
        for some, references in zip(sentences, test.references, strict=True)
    ]
    return {
        "first sentence": Summaries([some[0] for some in sentences], test.references),
        "central sentence": Summaries(
            [some[_central(some, tf_idf)] for some in sentences], test.references
        ),
        "best sentence (oracle)": Summaries(best, test.references),
    }


def _nearest(data: Text2TextData) -> list[str]:
    tf_idf = TfIdf(data.train.sources)
    train, test = tf_idf.vectors(data.train.sources), tf_idf.vectors(data.test.sources)
    found: list[str] = []
    for begin in range(0, len(data.test), AT_ONCE):
        alike = (test[begin : begin + AT_ONCE] @ train.T).tocsr()
        best = np.asarray(alike.argmax(axis=1)).ravel()
        found += [data.train.references[place][0] for place in best]
    return found


def _central(sentences: Sequence[str], tf_idf: TfIdf) -> int:
    vectors = tf_idf.vectors(sentences)
    alike = (vectors @ vectors.T).toarray()
    np.fill_diagonal(alike, 0.0)
    alike /= np.maximum(alike.sum(axis=1, keepdims=True), 1e-12)
    rank = np.full(len(sentences), 1 / len(sentences))
    for _ in range(ROUNDS):
        rank = (1 - DAMPING) / len(sentences) + DAMPING * alike.T @ rank
    return int(rank.argmax())
