"""A report on a model that writes, as one HTML file that needs nothing else."""

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from kit.evaluation._figures import DASH, comparison, decimals
from kit.evaluation._report_html import (
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
from kit.evaluation._report_numbers import Estimates
from kit.evaluation._report_training import training_section
from kit.evaluation._verdict import against_best

if TYPE_CHECKING:
    from kit.evaluation.pairs._report import PairReport

LONGEST = 1200


def pair_page(report: "PairReport", facts: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        report: what is told.
        facts: what metrics.json holds.
    """
    systems, differences = report.systems, report.differences
    return page(
        report.title,
        [
            f"<h1>{escape(report.title)}</h1>",
            f'<p class="soft">What it writes for {counted(len(report.test.texts), "text")} it was '
            "not trained on, beside what people wrote. Intervals are 95 % bootstrap over "
            "texts.</p>",
            _headline(report, systems, differences),
            _examples(report.test.METRIC, facts["examples"]),
            _against_baselines(report, systems, differences),
            training_section(report.history, report.metric),
            on_valid(report.model, report.valid.estimates()),
            _data(facts["data"]),
            protocols(
                [facts[part]["protocol"] for part in ("test", "valid")],
                "Intervals: percentile bootstrap over texts, the training not repeated; those of "
                "differences are from the same resamples.",
            ),
            repeat(report.command, report.settings, report.seconds, facts["versions"]),
        ],
    )


def _headline(
    report: "PairReport", systems: Mapping[str, Estimates], differences: Mapping[str, Estimates]
) -> str:
    metric, best = report.test.METRIC, report.best_baseline
    result = systems[report.model][metric]
    sentences = [
        against_best(report.model, best, systems[best][metric], differences[best][metric]),
        *(
            f"{escape(bound)} reaches {decimals(systems[bound][metric].mean)}: a bound, no system."
            for bound in report.bounds
        ),
    ]
    return (
        f'<div class="headline"><div class="number">{decimals(result.mean)} '
        f"<small>{metric}, 95 % {interval(result)}</small></div>"
        + "".join(f"<p>{sentence}</p>" for sentence in sentences)
        + "</div>"
    )


def _examples(metric: str, examples: Mapping[str, list[dict[str, Any]]]) -> str:
    parts: list[str] = []
    for kind, rows in examples.items():
        is_open = " open" if not parts else ""
        parts.append(
            f"<details{is_open}><summary>{kind[0].upper()}{kind[1:]}</summary>"
            + "".join(_example(metric, row) for row in rows)
            + "</details>"
        )
    return "<h2>What it writes</h2>" + "".join(parts)


def _example(metric: str, row: Mapping[str, Any]) -> str:
    rows = [
        ("given", _shortened(row["source"])),
        ("written", _shortened(row["written"])),
        *(("by people", _shortened(text)) for text in row["references"]),
        (metric, decimals(row["score"])),
    ]
    return two_columns(rows)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _against_baselines(
    report: "PairReport", systems: Mapping[str, Estimates], differences: Mapping[str, Estimates]
) -> str:
    metric = report.test.METRIC
    image = comparison(
        {name: estimates[metric] for name, estimates in systems.items()},
        model=report.model,
        metric=f"{metric} on test",
    )
    return "\n".join(
        [
            "<h2>Against the baselines</h2>",
            figure(image, f"{metric} on test with 95 % intervals, the same texts for all."),
            metric_table(systems, None, report.model, "Test, with 95 % intervals."),
            difference_table(
                report.model, differences, None, by="from the same resamples of the texts"
            ),
        ]
    )


def _data(data: Mapping[str, Any]) -> str:
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
