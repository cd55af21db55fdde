"""What a report on a model that writes tells."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from kit.data.pairs import PairData, Pairs
from kit.evaluation._run_info import ComparisonReport
from kit.evaluation._write_report import Report
from kit.evaluation.pairs._generated_texts import GeneratedTexts
from kit.evaluation.pairs._page import pair_page

PARTS = ("train", "valid", "test")
EXAMPLES = 8


@dataclass(frozen=True, kw_only=True)
class PairReport(ComparisonReport[GeneratedTexts]):
    """Everything a report on a model that writes is made from, see `ComparisonReport`.

    Args:
        data: the split pairs.
        weights: how many the model has.
        bounds: those of the baselines that are no systems, as they know the references.
        how: how the texts were written, in plain words.
    """

    data: PairData
    weights: int
    bounds: tuple[str, ...]
    how: str

    @property
    def best_baseline(self) -> str:
        """The baseline that is greatest in the metric systems are compared by."""
        found = {
            name: x.summary()[x.METRIC]
            for name, x in self.baselines.items()
            if name not in self.bounds
        }
        return max(found, key=lambda name: found[name])

    def examples(self) -> dict[str, list[int]]:
        """Numbers of texts of test to show: the best, the worst, and some drawn at random."""
        scores = self.test.of_texts
        order = np.argsort(-scores, kind="stable")
        drawn = np.random.default_rng(0).permutation(len(scores))[:EXAMPLES]
        return {
            "drawn at random": sorted(drawn.tolist()),
            "the worst": order[::-1][:EXAMPLES].tolist(),
            "the best": order[:EXAMPLES].tolist(),
        }


def pair_report(report: PairReport) -> Report:
    """The report of a model that generates texts."""
    facts = pair_facts(report)
    return Report(facts, lambda: pair_page(report, facts), report.history)


def pair_facts(report: PairReport) -> dict[str, Any]:
    """What metrics.json holds: plain values, null where a number does not exist."""
    content = {
        "test": _part(report, "test", report.test),
        "valid": _part(report, "valid", report.valid),
        "examples": _examples(report),
        "weights": report.weights,
        "data": _data(report.data),
    }
    return report.facts(content)


def pair_protocol(data: PairData, part: str, found: GeneratedTexts, how: str) -> str:
    """How a part is measured, in a line.

    Args:
        data: the split pairs.
        part: its name.
        found: what was written for it.
        how: how it was written.
    """
    pairs: Pairs = getattr(data, part)
    references = sum(map(len, pairs.references))
    return (
        f"{part}, {len(pairs):,} texts with {references:,} references, {data.names[0]} to "
        f"{data.names[1]}; split {data.split}; {how}; {found.implementation}"
    )


def _part(report: PairReport, part: str, found: GeneratedTexts) -> dict[str, Any]:
    return {
        "protocol": pair_protocol(report.data, part, found, report.how),
        "counts": {"texts": len(found.texts), "references": sum(map(len, found.references))},
        "metrics": found.estimates(),
    }


def _examples(report: PairReport) -> dict[str, list[dict[str, Any]]]:
    test, scores = report.data.test, report.test.of_texts
    return {
        kind: [
            {
                "source": test.sources[n],
                "written": report.test.texts[n],
                "references": list(test.references[n]),
                "score": float(scores[n]),
            }
            for n in numbers
        ]
        for kind, numbers in report.examples().items()
    }


def _data(data: PairData) -> dict[str, Any]:
    parts: dict[str, Pairs] = {part: getattr(data, part) for part in PARTS}
    words = [len(text.split()) for text in data.train.sources]
    written = [len(text.split()) for some in data.train.references for text in some]
    return {
        "name": data.name,
        "names": list(data.names),
        "pairs_read": data.pairs_read,
        "rows": sum(len(pairs.rows()[0]) for pairs in parts.values()),
        "rows_of_part": {part: len(pairs) for part, pairs in parts.items()},
        "pairs_of_part": {part: len(pairs.rows()[0]) for part, pairs in parts.items()},
        "words_of_a_source": float(np.mean(words)),
        "words_of_a_target": float(np.mean(written)),
        "cleaning": [{"dropped": step.name, "rows": step.rows} for step in data.cleaning],
        "split": data.split,
        "licence": data.licence,
    }
