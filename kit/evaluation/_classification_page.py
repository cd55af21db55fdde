"""A report on predicted probabilities, as one HTML file that needs nothing else."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from kit.evaluation._classification import AUC, ECE, LOSS, SMALLER_IS_BETTER
from kit.evaluation._classification_figures import reliability_figure, scores_figure
from kit.evaluation._classification_report import ClassificationReport
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


def classification_page(report: ClassificationReport, facts: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        report: what is told.
        facts: what metrics.json holds.
    """
    systems, differences = report.systems, report.differences
    what = " and ".join(report.data.labels)
    return page(
        report.title,
        [
            f"<h1>{escape(report.title)}</h1>",
            f'<p class="soft">Predicts {escape(what)} of {counted(len(report.data.test), "row")} '
            "it was not trained on. Intervals are 95 % bootstrap.</p>",
            _headline(report, systems, differences),
            _against_baselines(report, systems, differences),
            *_calibration(report),
            on_valid(report.model, report.valid.estimates()),
            training_section(report.history, report.metric),
            _data(facts["data"]),
            _protocol(facts),
            repeat(report.command, report.settings, report.seconds, facts["versions"]),
        ],
    )


def _headline(
    report: ClassificationReport,
    systems: Mapping[str, Estimates],
    differences: Mapping[str, Estimates],
) -> str:
    metric, best = report.headline_metric, report.best_baseline
    result, label = systems[report.model][metric], report.data.labels[0]
    error = report.test.summary()[report.test.metric(ECE, label)]
    sentences = [
        against_best(report.model, best, systems[best][metric], differences[best][metric]),
        f"Of a positive and a negative row drawn at random, the positive one gets the higher "
        f"probability {100 * result.mean:.0f} times out of 100. What it predicts is off by "
        f"{100 * error:.1f} percentage points on average.",
    ]
    return (
        f'<div class="headline"><div class="number">{decimals(result.mean)} '
        f"<small>{escape(metric)}, 95 % {interval(result)}</small></div>"
        + "".join(f"<p>{sentence}</p>" for sentence in sentences)
        + "</div>"
    )


def _against_baselines(
    report: ClassificationReport,
    systems: Mapping[str, Estimates],
    differences: Mapping[str, Estimates],
) -> str:
    metric = report.headline_metric
    image = comparison(
        {name: estimates[metric] for name, estimates in systems.items()},
        model=report.model,
        metric=f"{metric} on test",
    )
    return "\n".join(
        [
            "<h2>Against the baselines</h2>",
            figure(
                image,
                f"{metric} on test with 95 % intervals, the same rows for all; one half is chance. "
                "The bars' intervals are wider than those of the differences below, which compare "
                "row by row.",
            ),
            metric_table(systems, None, report.model, "Test, with 95 % intervals."),
            difference_table(
                report.model,
                differences,
                None,
                by="from the same resamples of the rows",
                smaller_is_better=[
                    report.test.metric(m, label)
                    for m in SMALLER_IS_BETTER
                    for label in report.data.labels
                ],
            ),
        ]
    )


def _calibration(report: ClassificationReport) -> Iterator[str]:
    for number, (label, found) in enumerate(report.test.of_labels.items()):
        title = "Calibration"
        yield f"<h2>{title if len(report.test.of_labels) == 1 else f'{title} {escape(label)}'}</h2>"
        yield figure(
            reliability_figure(found, f"reliability-{number}"),
            "Rows of test in 20 bins by what was predicted: the mean prediction and the share that "
            "was positive, with its 95 % interval. On the dashed line predictions come true as "
            "often as they say; below it they promise too much.",
        )
        yield figure(
            scores_figure(found, f"scores-{number}"),
            "Which probabilities the positives and the negatives of test get. The less they "
            "overlap, the higher the AUC.",
        )


def _data(data: Mapping[str, Any]) -> str:
    parts = data["rows_of_part"]
    rows = [
        ("rows read", f"{data['rows_read']:,}"),
        *((f"{DASH} {step['dropped']}", f"{step['rows']:,}") for step in data["cleaning"]),
        ("rows used, drawn negatives included", f"{data['rows']:,}"),
        *((f"rows in {part}", f"{count:,}") for part, count in parts.items()),
        *(
            (f"{label} is {data['positive_value'][label]}, {part}", f"{share:.1%}")
            for label, shares in data["positive_share"].items()
            for part, share in shares.items()
        ),
    ]
    unseen = data["rows_of_test_with_values_not_in_train"]
    features = [
        (
            feature["name"],
            feature["kind"]
            + ("" if feature["values"] is None else f", {counted(feature['values'], 'value')}")
            + (
                f"; rare or new in {counted(unseen[feature['name']], 'row')} of test"
                if feature["name"] in unseen
                else ""
            ),
        )
        for feature in data["features"]
    ]
    left_out = data["left_out"].items()
    return (
        f"<h2>Data</h2><p>{escape(data['name'])}, split {escape(data['split'])}.</p>"
        f"{two_columns(rows)}<details><summary>{counted(len(features), 'feature')}</summary>"
        f"{two_columns(features)}"
        + (f"<h3>Left out</h3>{two_columns(left_out)}" if left_out else "")
        + f"</details>{licence(data['licence'])}"
    )


def _protocol(facts: Mapping[str, Any]) -> str:
    return protocols(
        [facts[part]["protocol"] for part in ("test", "valid")],
        f"{AUC}: the share of pairs of a positive and a negative row that "
        f"are in the right order, ties counted half. {LOSS.capitalize()}: natural logarithm. "
        f"{ECE}, the expected calibration error: mean distance of predicted and true share, over "
        "bins of equally many rows. Intervals: percentile bootstrap over rows, for grouped "
        "AUC over groups, the training not repeated; those of differences are paired. The base "
        "rate predicts the share of train for everybody; the logistic regression sees the same "
        "features, its weight decay chosen on valid.",
    )
