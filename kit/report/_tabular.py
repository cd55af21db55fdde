"""The report of a tabular model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from math import log10
from typing import Any

import numpy as np

from kit.data.table import RankingData, RankingRows, TableEncoder
from kit.evaluation import AUC, BINS, ECE, LOSS, SMALLER_IS_BETTER, Classification, Predictions
from kit.metrics import Estimates, reliability
from kit.report._figures import DASH, INK, MODEL, OTHER, SOFT, Drawing, comparison, decimals
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

PARTS = ("train", "valid", "test")


@dataclass(frozen=True, kw_only=True)
class ClassificationReport(ComparisonReport[Predictions]):
    """The content of a tabular model's report, see `ComparisonReport`.

    Args:
        data: the split table.
        encoder: fitted on its train part.
    """

    data: RankingData
    encoder: TableEncoder

    @property
    def headline_metric(self) -> str:
        """AUC of the first label."""
        return self.test.metric(AUC, self.data.labels[0])

    @property
    def best_baseline(self) -> str:
        """The baseline with the largest AUC."""
        found = {n: x.summary()[self.headline_metric] for n, x in self.baselines.items()}
        return max(found, key=lambda name: np.nan_to_num(found[name]))


def classification_facts(report: ClassificationReport) -> dict[str, Any]:
    """The content of metrics.json: plain values, null where a number does not exist."""
    content = {
        "test": _part(report, "test", report.test),
        "valid": _part(report, "valid", report.valid),
        "data": table_facts(report.data, report.encoder),
    }
    return report.facts(content)


def tabular_protocol(data: RankingData, part: str, found: Predictions) -> str:
    """The protocol of a part, in one line."""
    rows: RankingRows = getattr(data, part)
    words = f"{part}, {len(rows):,} rows; split {data.split}"
    for label, one in found.of_labels.items():
        words += f"; {np.mean(one.labels):.1%} of {label} positive"
    first = next(iter(found.of_labels.values()))
    if first.groups is not None:
        counted, left_out = first.groups_left_out
        words += (
            f"; grouped AUC over {counted:,} values of {data.group}, weighted by rows, "
            f"{left_out:,} with one class left out"
        )
    return f"{words}; ECE in 20 bins of equally many rows"


def table_facts(data: RankingData, encoder: TableEncoder) -> dict[str, Any]:
    """Size, cleaning, labels, features, split and licence of a table."""
    parts: dict[str, RankingRows] = {part: getattr(data, part) for part in PARTS}
    return {
        "name": data.name,
        "rows_read": data.rows_read,
        "rows": sum(map(len, parts.values())),
        "rows_of_part": {part: len(rows) for part, rows in parts.items()},
        "positive_share": {
            label: {part: float(np.nanmean(rows.labels[:, n])) for part, rows in parts.items()}
            for n, label in enumerate(data.labels)
        },
        "positive_value": dict(data.positives),
        "features": [
            {
                "name": feature.name,
                "kind": feature.kind,
                "values": None if feature.kind == "number" else encoder.size(feature) - 2,
            }
            for feature in data.schema.features
        ],
        "left_out": dict(data.schema.left_out),
        "rows_of_test_with_values_not_in_train": encoder.unseen(data.test.features),
        "cleaning": [{"dropped": step.name, "rows": step.rows} for step in data.cleaning],
        "split": data.split,
        "licence": data.licence,
    }


def _part(report: ClassificationReport, part: str, found: Predictions) -> dict[str, Any]:
    return {
        "protocol": tabular_protocol(report.data, part, found),
        "counts": {"rows": len(getattr(report.data, part)), **_groups(found)},
        "metrics": found.estimates(),
    }


def _groups(found: Predictions) -> dict[str, int]:
    first: Classification = next(iter(found.of_labels.values()))
    if first.groups is None:
        return {}
    counted, left_out = first.groups_left_out
    return {"groups": counted, "groups_of_one_class": left_out}


SCORE_BINS = 40
FEW_CLICKS = 0.2


def reliability_figure(found: Classification, name: str = "reliability") -> str:
    """Reliability diagram: observed share by predicted probability, in bins of equally many rows.

    Args:
        found: predictions of the model on test, for one label.
        name: prefix of the ids in the SVG; figures of one page need different ones.

    Returns:
        An `<svg>` element.
    """
    predicted, observed, rows = reliability(found.labels, found.probabilities, BINS)
    error = 1.96 * np.sqrt(observed * (1 - observed) / rows)
    reach = float(np.clip(max(predicted.max(), (observed + error).max()) * 1.05, 1e-6, 1))
    with Drawing(name, height=3.4) as drawing:
        axes = drawing.axes()
        axes.plot([0, reach], [0, reach], color=SOFT, linewidth=0.8, linestyle=(0, (3, 3)))
        axes.errorbar(predicted, observed, yerr=error, fmt="none", ecolor=OTHER, elinewidth=1.2)
        axes.plot(predicted, observed, "o-", color=MODEL, markersize=4, linewidth=1.2)
        axes.set_xlim(0, reach)
        axes.set_ylim(0, reach)
        axes.set_xlabel("predicted probability")
        axes.set_ylabel("share of positives", color=SOFT)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: _short(value, reach))
    return drawing.svg


def scores_figure(found: Classification, name: str = "scores") -> str:
    """Histograms of the predicted probabilities of positives and of negatives.

    Args:
        found: predictions of the model on test, for one label.
        name: prefix of the ids in the SVG; figures of one page need different ones.

    Returns:
        An `<svg>` element.
    """
    reach = 1.0
    top = float(np.quantile(found.probabilities, 0.999)) if len(found.probabilities) else 1.0
    if top < FEW_CLICKS:
        reach = max(top * 1.2, 1e-6)
    edges = np.linspace(0, reach, SCORE_BINS + 1)
    width = edges[1]
    with Drawing(name, height=2.5) as drawing:
        axes = drawing.axes()
        for label, name, colour in ((0, "negatives", OTHER), (1, "positives", MODEL)):
            scores = np.clip(found.probabilities[found.labels == label], 0, reach)
            shares = np.histogram(scores, edges)[0] / max(len(scores), 1)
            axes.stairs(shares, edges, fill=label == 0, color=colour, linewidth=1.6, label=name)
        axes.set_xlim(0, reach)
        axes.set_ylim(0, None)
        axes.set_xlabel(f"predicted probability, in steps of {_short(width, width)}")
        axes.set_ylabel("share of the class", color=SOFT)
        axes.xaxis.set_major_formatter(lambda value, _: _short(value, reach))
        axes.yaxis.set_major_formatter(lambda value, _: decimals(value, 2))
        # Outside, where no bar can overlap it.
        drawing.figure.legend(
            loc="outside upper center", ncols=2, frameon=False, labelcolor=INK, fontsize=8
        )
    return drawing.svg


def _short(value: float, reach: float) -> str:
    """As few digits as a range from 0 to `reach` needs."""
    return decimals(value, max(1, min(6, 2 - int(np.floor(log10(max(reach, 1e-6)) + 0.301)))))


def classification_page(report: ClassificationReport, facts: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        report: the content of the report.
        facts: the content of metrics.json.
    """
    systems, differences = report.systems, report.differences
    what = " and ".join(report.data.labels)
    return page(
        report.title,
        [
            f"<h1>{escape(report.title)}</h1>",
            f'<p class="soft">Predicts {escape(what)}. Evaluated on '
            f"{counted(len(report.data.test), 'row')} it was not trained on. Intervals are 95 % "
            "bootstrap.</p>",
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
        f"Of a random positive and a random negative row, the positive one gets the higher "
        f"probability {100 * result.mean:.0f} times out of 100. The predicted probabilities are "
        f"off by {100 * error:.1f} percentage points on average.",
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
            "<h2>Comparison with baselines</h2>",
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
            "Rows of test in 20 bins by predicted probability: the mean prediction and the share "
            "of positives, with its 95 % interval. On the dashed line the predictions are "
            "calibrated; below it they are too high.",
        )
        yield figure(
            scores_figure(found, f"scores-{number}"),
            "Predicted probabilities of the positives and of the negatives of test. The less the "
            "two overlap, the higher the AUC.",
        )


def _data(data: Mapping[str, Any]) -> str:
    parts = data["rows_of_part"]
    rows = [
        ("rows read", f"{data['rows_read']:,}"),
        *((f"{DASH} {step['dropped']}", f"{step['rows']:,}") for step in data["cleaning"]),
        ("rows used, sampled negatives included", f"{data['rows']:,}"),
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
        "AUC over groups, without retraining; those of differences are paired. The base rate "
        "predicts the share of positives in train for every row; the logistic regression reads "
        "the same features, its weight decay chosen on valid.",
    )


def classification_report(report: ClassificationReport) -> Report:
    """The report of a tabular model."""
    facts = classification_facts(report)
    return Report(facts, lambda: classification_page(report, facts), report.history)
