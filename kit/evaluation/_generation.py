"""Metrics of generated texts: translations, summaries, tokens."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any, ClassVar, Protocol, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF

from kit.errors import UserError
from kit.evaluation._metric_tokenizers import WORDS, RougeTokenizer, bleu_tokenizer
from kit.metrics import Estimate, Estimates, bootstrap_intervals


class GeneratedTexts(Protocol):
    """Texts that a system wrote, beside those that people wrote.

    Attributes:
        METRIC: by which systems are compared.
        SHOWN: metrics of the table on the terminal.
    """

    METRIC: ClassVar[str]
    SHOWN: ClassVar[tuple[str, ...]]

    @property
    def texts(self) -> Sequence[str]:
        """What the system wrote."""
        ...

    @property
    def references(self) -> Sequence[Sequence[str]]:
        """What people wrote; of each one or more."""
        ...

    @property
    def of_texts(self) -> NDArray[np.float64]:
        """How good each text is by itself."""
        ...

    @property
    def implementation(self) -> str:
        """By what it is measured, to the version."""
        ...

    def warnings(self) -> list[str]:
        """Why the measures may say little; none as a rule."""
        ...

    def card(self) -> dict[str, str]:
        """What an export keeps, to be measured alike."""
        ...

    def summary(self) -> dict[str, float]:
        """Every metric."""
        ...

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % bootstrap intervals over texts, of metrics that have one."""
        ...

    def estimates(self) -> Estimates:
        """Every metric, with its interval where it has one."""
        ...

    def minus(self, other: Self) -> Estimates:
        """Differences to what another system wrote for the same sources."""
        ...


def intervals_of(values: dict[str, NDArray[np.float64]]) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals of means over texts, by name, from the same resamples."""
    found = bootstrap_intervals(np.stack(list(values.values()), axis=1))
    return {
        name: (float(low), float(high)) for name, (low, high) in zip(values, found, strict=True)
    }


BLEU_SCORE, CHRF_SCORE, LENGTH_RATIO = "BLEU", "chrF", "length ratio"
RESAMPLES = 1000
ORDERS = 4


@dataclass(frozen=True)
class Translations:
    """Translations, and those that people made.

    BLEU and chrF are sacreBLEU's, from 0 to 100, of all texts together.

    Args:
        texts: what the system wrote.
        references: of each source one translation or more.
        tokenizer: sacreBLEU's, for BLEU; None chooses by the script of the references.

    Example:

    >>> found = Translations(["the cat sat on the mat"], [["the cat sat on a mat"]])
    >>> round(found.summary()["BLEU"], 2)
    53.73
    """

    texts: Sequence[str]
    references: Sequence[Sequence[str]]
    tokenizer: str | None = None
    METRIC: ClassVar[str] = BLEU_SCORE
    SHOWN: ClassVar[tuple[str, ...]] = (BLEU_SCORE, CHRF_SCORE, LENGTH_RATIO)

    @cached_property
    def bleu_tokenizer(self) -> str:
        """The tokenizer that is used."""
        return bleu_tokenizer(self.references, named=self.tokenizer)

    @cached_property
    def _counts(self) -> NDArray[np.int64]:
        """Of each text what BLEU adds up: matches, n-grams, and the two lengths."""
        measure = BLEU(effective_order=True, tokenize=self.bleu_tokenizer)
        rows = []
        for text, references in zip(self.texts, self.references, strict=True):
            found = measure.sentence_score(text, list(references))
            rows.append([*found.counts, *found.totals, found.sys_len, found.ref_len])
        return np.array(rows, np.int64).reshape(-1, 2 * ORDERS + 2)

    @property
    def of_texts(self) -> NDArray[np.float64]:
        """BLEU of each text by itself, of the orders it has."""
        return np.array([_bleu(row, effective_order=True) for row in self._counts])

    @property
    def implementation(self) -> str:
        """sacreBLEU's signatures."""
        bleu, chrf = BLEU(tokenize=self.bleu_tokenizer), CHRF()
        for measure in (bleu, chrf):
            measure.corpus_score(list(self.texts), self._streams())
        found = f"BLEU {bleu.get_signature()}, chrF2 {chrf.get_signature()}"
        return "; ".join([found, *self.warnings()])

    def warnings(self) -> list[str]:
        """What makes BLEU say little: sentences that are one token."""
        split = BLEU(tokenize=self.bleu_tokenizer).tokenizer
        every = [len(split(text).split()) for some in self.references for text in some]
        single = sum(tokens <= 1 for tokens in every)
        if 2 * single <= len(every):
            return []
        return [
            f"{single:,} of {len(every):,} references are one token by the tokenizer "
            f"{self.bleu_tokenizer}, so BLEU says little; another is chosen by --bleu-tokenizer"
        ]

    def card(self) -> dict[str, str]:
        """What an export keeps, to be measured alike."""
        return {"bleu_tokenizer": self.bleu_tokenizer}

    def _streams(self) -> list[list[str | None]]:
        """References as sacreBLEU takes them: all first ones, all second ones, and so on."""
        most = max(map(len, self.references))
        return [[r[n] if n < len(r) else None for r in self.references] for n in range(most)]

    def summary(self) -> dict[str, float]:
        """BLEU, chrF and the length of what was written over that of the references."""
        total = self._counts.sum(axis=0)
        return {
            BLEU_SCORE: _bleu(total),
            CHRF_SCORE: float(CHRF().corpus_score(list(self.texts), self._streams()).score),
            LENGTH_RATIO: float(total[-2] / max(total[-1], 1)),
        }

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % bootstrap interval of BLEU over texts."""
        return {BLEU_SCORE: _middle(_resampled(self._counts))}

    def estimates(self) -> Estimates:
        """Every metric, with its interval where it has one."""
        found = self.intervals()
        return {name: Estimate(mean, *found.get(name, ())) for name, mean in self.summary().items()}

    def minus(self, other: Self) -> Estimates:
        """Differences to what another system wrote, from the same resamples of the texts.

        Raises:
            ValueError: the references or the tokenizer are others.
        """
        if list(self.references) != list(other.references):
            raise ValueError("Differences need the same references.")
        if self.bleu_tokenizer != other.bleu_tokenizer:
            raise ValueError("Differences need the same tokenizer.")
        mine, others = self.summary(), other.summary()
        gaps = _resampled(self._counts) - _resampled(other._counts)
        return {
            name: Estimate(mine[name] - others[name], *(_middle(gaps) if name == "BLEU" else ()))
            for name in mine
        }


def _bleu(counts: NDArray[np.int64], *, effective_order: bool = False) -> float:
    values = counts.tolist()
    return float(
        BLEU.compute_bleu(
            values[:ORDERS],
            values[ORDERS : 2 * ORDERS],
            *values[2 * ORDERS :],
            smooth_method="exp",
            effective_order=effective_order,
        ).score
    )


def _resampled(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    rng = np.random.default_rng(0)
    texts = len(counts)
    found = np.empty(RESAMPLES)
    for number in range(RESAMPLES):
        times = np.bincount(rng.integers(0, texts, texts), minlength=texts)
        found[number] = _bleu(times @ counts)
    return found


def _middle(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


# Names of the metrics to those of the implementation.
ROUGE = {"ROUGE-1": "rouge1", "ROUGE-2": "rouge2", "ROUGE-L": "rougeL"}
LENGTH_IN_WORDS = "words"


@dataclass(frozen=True)
class Summaries:
    """Summaries, and those that people made.

    F1 of ROUGE, from 0 to 1, of words in any script; of several references that with the greatest
    ROUGE-1 counts.

    Args:
        texts: what the system wrote.
        references: of each source one summary or more.

    Raises:
        UserError: no reference has a word.

    Example:

    >>> found = Summaries(["a model of cats"], [["models of dogs", "a cat model"]])
    >>> round(found.summary()["ROUGE-1"], 4)
    0.8571
    """

    texts: Sequence[str]
    references: Sequence[Sequence[str]]
    METRIC: ClassVar[str] = "ROUGE-1"
    SHOWN: ClassVar[tuple[str, ...]] = (*ROUGE, LENGTH_IN_WORDS)

    def __post_init__(self) -> None:
        if len(self.references) and self._without_word == len(self.references):
            raise UserError(
                "No reference has a word that ROUGE could count.",
                where=f"{len(self.references):,} texts; the first reference is "
                f"{self.references[0][0]!r}",
                expected="letters or digits, of any script",
                remedy="Is it the right column? Name another: --target-column NAME",
            )

    @cached_property
    def _without_word(self) -> int:
        """Texts of whose references none has a word."""
        return sum(not any(WORDS.search(text) for text in some) for some in self.references)

    @cached_property
    def _scores(self) -> dict[str, NDArray[np.float64]]:
        scorer = RougeScorer(list(ROUGE.values()), tokenizer=RougeTokenizer())
        rows = []
        for text, references in zip(self.texts, self.references, strict=True):
            found = [scorer.score(reference, text) for reference in references]
            best = max(found, key=lambda one: one["rouge1"].fmeasure)
            rows.append([best[name].fmeasure for name in ROUGE.values()])
        scores = np.array(rows, np.float64).reshape(-1, len(ROUGE))
        return dict(zip(ROUGE, scores.T, strict=True))

    @property
    def of_texts(self) -> NDArray[np.float64]:
        """ROUGE-1 of each text."""
        return self._scores[self.METRIC]

    @property
    def implementation(self) -> str:
        """The package that counts, to its version."""
        found = (
            f"ROUGE F1 of rouge-score {version('rouge-score')}, tokens: {RougeTokenizer.NAME}; of "
            "several references that with the greatest ROUGE-1"
        )
        return "; ".join([found, *self.warnings()])

    def warnings(self) -> list[str]:
        """Texts that cannot be measured."""
        some = self._without_word
        return [f"{some:,} texts whose references have no word count as 0"] if some else []

    def card(self) -> dict[str, str]:
        """What an export keeps, to be measured alike."""
        return {}

    def summary(self) -> dict[str, float]:
        """Means of ROUGE-1, ROUGE-2 and ROUGE-L, and words of a summary."""
        words = np.mean([len(text.split()) for text in self.texts])
        return {
            **{m: float(v.mean()) for m, v in self._scores.items()},
            LENGTH_IN_WORDS: float(words),
        }

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % bootstrap intervals over texts, of ROUGE."""
        return intervals_of(self._scores)

    def estimates(self) -> Estimates:
        """Every metric, with its interval where it has one."""
        found = self.intervals()
        return {name: Estimate(mean, *found.get(name, ())) for name, mean in self.summary().items()}

    def minus(self, other: Self) -> Estimates:
        """Differences to what another system wrote, from the same resamples of the texts.

        Raises:
            ValueError: the references are others.
        """
        if list(self.references) != list(other.references):
            raise ValueError("Differences need the same references.")
        mine, others = self.summary(), other.summary()
        gaps = intervals_of({m: v - other._scores[m] for m, v in self._scores.items()})
        return {name: Estimate(mine[name] - others[name], *gaps.get(name, ())) for name in mine}


def token_accuracy(
    model: keras.Model, batches: Iterable[tuple[dict[str, Any], Any]]
) -> Callable[[], float]:
    """A measure of the model as it stands: the share of tokens that are most probable.

    Every token is asked for behind the right ones before it, as in training. It takes a fraction
    of the time that writing the texts does.

    Args:
        model: takes `{"source", "target"}`, gives logits.
        batches: to measure on: inputs, and the tokens that follow, int32 [rows, tokens], 0 where
            there is none.

    Returns:
        A function that measures.
    """
    kept = [
        ({name: tf.constant(x) for name, x in inputs.items()}, tf.constant(following))
        for inputs, following in batches
    ]
    every = sum(int(tf.math.count_nonzero(following)) for _, following in kept)
    tokens = tf.TensorSpec([None, None], tf.int32)

    def right(inputs: dict[str, tf.Tensor], following: tf.Tensor) -> tf.Tensor:
        best = tf.argmax(model(inputs, training=False), axis=-1, output_type=tf.int32)
        return tf.math.count_nonzero((best == following) & (following > 0))

    counted = tf.function(right, input_signature=[{"source": tokens, "target": tokens}, tokens])

    def measure() -> float:
        return sum(int(counted(*batch)) for batch in kept) / max(1, every)

    return measure
