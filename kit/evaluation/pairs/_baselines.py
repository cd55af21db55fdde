"""What a model that writes has to beat."""

from collections.abc import Sequence

import numpy as np

from kit.data.pairs import PairData
from kit.evaluation.pairs._sentence_scores import in_sentences
from kit.evaluation.pairs._summaries import Summaries
from kit.evaluation.pairs._tf_idf import TfIdf
from kit.evaluation.pairs._translations import Translations
from kit.progress import stage

AT_ONCE = 512
DAMPING, ROUNDS = 0.85, 30


@stage("baselines")
def translation_baselines(data: PairData, tokenizer: str | None = None) -> dict[str, Translations]:
    """Name of a baseline to what it makes of test.

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
def summary_baselines(data: PairData) -> dict[str, Summaries]:
    """Name of a baseline to what it makes of test.

    * "first sentence": LEAD-1;
    * "central sentence": the sentence most like the others, by TextRank over TF-IDF;
    * "best sentence (oracle)": that with the greatest ROUGE-1, which no one knows beforehand; what
      choosing a sentence could reach at most.

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


def _nearest(data: PairData) -> list[str]:
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
