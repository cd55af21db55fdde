"""How good summaries are."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from rouge_score.rouge_scorer import RougeScorer

from kit.errors import UserError
from kit.evaluation._report_numbers import Estimate, Estimates
from kit.evaluation.pairs._generated_texts import intervals_of
from kit.evaluation.pairs._tokens import WORDS, RougeTokenizer

# Names of the metrics to those of the implementation.
ROUGE = {"ROUGE-1": "rouge1", "ROUGE-2": "rouge2", "ROUGE-L": "rougeL"}
LENGTH = "words"


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
    SHOWN: ClassVar[tuple[str, ...]] = (*ROUGE, LENGTH)

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
        return {**{m: float(v.mean()) for m, v in self._scores.items()}, LENGTH: float(words)}

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
