"""How good translations are."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics import BLEU, CHRF

from kit.evaluation._report_numbers import Estimate, Estimates
from kit.evaluation.pairs._bleu_tokenizer import bleu_tokenizer

BLEU_SCORE, CHRF_SCORE, LENGTH = "BLEU", "chrF", "length ratio"
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
    SHOWN: ClassVar[tuple[str, ...]] = (BLEU_SCORE, CHRF_SCORE, LENGTH)

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
            LENGTH: float(total[-2] / max(total[-1], 1)),
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
