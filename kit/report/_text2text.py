"""The report of a model that generates texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from kit.data.text2text import Text2TextData, TextPairs
from kit.evaluation import GeneratedTexts
from kit.metrics import Estimates
from kit.report._figures import DASH, comparison, decimals
from kit.report._html import (
    counted,
    difference_table,
    figure,
    interval,
    licence,
    metric_table,
    on_valid,
    page,
    protocols,
    repeat,
    two_columns,
)
from kit.report._report import ComparisonReport, Report, against_best, training_section

LONGEST = 1200


def text2text_page(report: "Text2TextReport", facts: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        report: the content of the report.
        facts: the content of metrics.json.
    """
    systems, differences = report.systems, report.differences
    return page(
        report.title,
        [
            f"<h1>{escape(report.title)}</h1>",
            f'<p class="soft">Generated texts for {counted(len(report.test.texts), "source")} it '
            "was not trained on, compared with reference texts. Intervals are 95 % bootstrap over "
            "texts.</p>",
            _headline(report, systems, differences),
            _examples_section(report.test.METRIC, facts["examples"]),
            _against_baselines(report, systems, differences),
            training_section(report.history, report.metric),
            on_valid(report.model, report.valid.estimates()),
            _data_section(facts["data"]),
            protocols(
                [facts[part]["protocol"] for part in ("test", "valid")],
                "Intervals: percentile bootstrap over texts, without retraining; those of "
                "differences are from the same resamples.",
            ),
            repeat(report.command, report.settings, report.seconds, facts["versions"]),
        ],
    )


def _headline(
    report: "Text2TextReport",
    systems: Mapping[str, Estimates],
    differences: Mapping[str, Estimates],
) -> str:
    metric, best = report.test.METRIC, report.best_baseline
    result = systems[report.model][metric]
    sentences = [
        against_best(report.model, best, systems[best][metric], differences[best][metric]),
        *(
            f"{escape(bound)} reaches {decimals(systems[bound][metric].mean)}: "
            "a bound, not a system."
            for bound in report.bounds
        ),
    ]
    return (
        f'<div class="headline"><div class="number">{decimals(result.mean)} '
        f"<small>{metric}, 95 % {interval(result)}</small></div>"
        + "".join(f"<p>{sentence}</p>" for sentence in sentences)
        + "</div>"
    )


def _examples_section(metric: str, examples: Mapping[str, list[dict[str, Any]]]) -> str:
    parts: list[str] = []
    for kind, rows in examples.items():
        is_open = " open" if not parts else ""
        parts.append(
            f"<details{is_open}><summary>{kind[0].upper()}{kind[1:]}</summary>"
            + "".join(_example(metric, row) for row in rows)
            + "</details>"
        )
    return "<h2>Generated texts</h2>" + "".join(parts)


def _example(metric: str, row: Mapping[str, Any]) -> str:
    rows = [
        ("source", _shortened(row["source"])),
        ("generated", _shortened(row["written"])),
        *(("reference", _shortened(text)) for text in row["references"]),
        (metric, decimals(row["score"])),
    ]
    return two_columns(rows)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _against_baselines(
    report: "Text2TextReport",
    systems: Mapping[str, Estimates],
    differences: Mapping[str, Estimates],
) -> str:
    metric = report.test.METRIC
    image = comparison(
        {name: estimates[metric] for name, estimates in systems.items()},
        model=report.model,
        metric=f"{metric} on test",
    )
    return "\n".join(
        [
            "<h2>Comparison with baselines</h2>",
            figure(image, f"{metric} on test with 95 % intervals, the same texts for all."),
            metric_table(systems, None, report.model, "Test, with 95 % intervals."),
            difference_table(
                report.model, differences, None, by="from the same resamples of the texts"
            ),
        ]
    )


def _data_section(data: Mapping[str, Any]) -> str:
    rows = [
        ("pairs read", f"{data['pairs_read']:,}"),
        *((f"{DASH} {step['dropped']}", f"{step['rows']:,}") for step in data["cleaning"]),
        *(
            (f"texts in {part}", f"{n:,}, in {counted(data['pairs_of_part'][part], 'pair')}")
            for part, n in data["rows_of_part"].items()
        ),
        ("words of a source of train", f"{data['words_of_a_source']:.1f}"),
        ("words of a target of train", f"{data['words_of_a_target']:.1f}"),
    ]
    first, second = data["names"]
    return (
        f"<h2>Data</h2><p>{escape(data['name'])}, {escape(first)} to {escape(second)}, split "
        f"{escape(data['split'])}.</p>{two_columns(rows)}{licence(data['licence'])}"
    )


PARTS = ("train", "valid", "test")
EXAMPLES = 8


@dataclass(frozen=True, kw_only=True)
class Text2TextReport(ComparisonReport[GeneratedTexts]):
    """The content of the report of a model that generates texts, see `ComparisonReport`.

    Args:
        data: the split pairs.
        weights: number of parameters of the model.
        bounds: names of the baselines that read the references, so they are no systems.
        how: how the texts were generated, in words.
    """

    data: Text2TextData
    weights: int
    bounds: tuple[str, ...]
    how: str

    @property
    def best_baseline(self) -> str:
        """The baseline with the largest value of the metric, bounds left out."""
        values = {
            name: x.summary()[x.METRIC]
            for name, x in self.baselines.items()
            if name not in self.bounds
        }
        return max(values, key=lambda name: values[name])

    def examples(self) -> dict[str, list[int]]:
        """Numbers of texts of test to show: the best, the worst, and a random sample."""
        scores = self.test.of_texts
        order = np.argsort(-scores, kind="stable")
        drawn = np.random.default_rng(0).permutation(len(scores))[:EXAMPLES]
        return {
            "drawn at random": sorted(drawn.tolist()),
            "the worst": order[::-1][:EXAMPLES].tolist(),
            "the best": order[:EXAMPLES].tolist(),
        }


def text2text_report(report: Text2TextReport) -> Report:
    """The report of a model that generates texts."""
    facts = text2text_facts(report)
    return Report(facts, lambda: text2text_page(report, facts), report.history)


def text2text_facts(report: Text2TextReport) -> dict[str, Any]:
    """The content of metrics.json: plain values, null where a number does not exist."""
    content = {
        "test": _part(report, "test", report.test),
        "valid": _part(report, "valid", report.valid),
        "examples": _examples(report),
        "weights": report.weights,
        "data": _data(report.data),
    }
    return report.facts(content)


def text2text_protocol(data: Text2TextData, part: str, found: GeneratedTexts, how: str) -> str:
    """The protocol of a part, in one line.

    Args:
        data: the split pairs.
        part: its name.
        found: the generated texts.
        how: how they were generated.
    """
    pairs: TextPairs = getattr(data, part)
    references = sum(map(len, pairs.references))
    return (
        f"{part}, {len(pairs):,} texts with {references:,} references, {data.names[0]} to "
        f"{data.names[1]}; split {data.split}; {how}; {found.implementation}"
    )


def _part(report: Text2TextReport, part: str, found: GeneratedTexts) -> dict[str, Any]:
    return {
        "protocol": text2text_protocol(report.data, part, found, report.how),
        "counts": {"texts": len(found.texts), "references": sum(map(len, found.references))},
        "metrics": found.estimates(),
    }


def _examples(report: Text2TextReport) -> dict[str, list[dict[str, Any]]]:
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


def _data(data: Text2TextData) -> dict[str, Any]:
    parts: dict[str, TextPairs] = {part: getattr(data, part) for part in PARTS}
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
