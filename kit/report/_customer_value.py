"""The report of a model of customer value."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import numpy as np

from kit.data.purchases import PurchaseData, date_of
from kit.evaluation import (
    BG_NBD,
    VALUE_METRICS,
    ValuePredictions,
    auc_of_alive,
    value_protocol,
)
from kit.report._figures import INK, MODEL, OTHER, SOFT, Drawing, comparison, decimals
from kit.report._html import (
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

HEADLINE, _, _, TOTAL, DECILES, MAE, COVERAGE = VALUE_METRICS
SMALLER_IS_BETTER = (DECILES, MAE)


@dataclass(frozen=True, kw_only=True)
class ValueReport(ComparisonReport[ValuePredictions]):
    """The content of a report of customer value, see `ComparisonReport`.

    Args:
        data: the cut log.
    """

    data: PurchaseData

    @cached_property
    def season(self) -> dict[str, Any]:
        """What is known of the season of the horizon of test."""
        data = self.data
        factor = float(data.seasons(np.array([data.test]))[0])
        total = self.test.summary()[TOTAL]
        return {
            "factor": factor,
            "days_held_a_year_before": data.held_days(data.test),
            "total_without": total / factor,
        }


def value_facts(report: ValueReport) -> dict[str, Any]:
    """The content of metrics.json: plain values, null where a number does not exist."""
    predicted, actual = report.test.deciles()
    probability, share = report.test.buying()
    content = {
        "test": _part(report, "test", report.test),
        "valid": _part(report, "valid", report.valid),
        "season": report.season,
        "auc_of_alive": auc_of_alive(report.data),
        "deciles": {"predicted": predicted, "actual": actual},
        "buying": {"probability": probability, "share": share},
        "data": value_data_facts(report.data),
    }
    return report.facts(content)


def value_data_facts(data: PurchaseData) -> dict[str, Any]:
    """Size, dates, cuts and licence of a log of purchases."""
    return {
        "name": data.name,
        "rows_read": data.rows_read,
        "rows": len(data.day),
        "users": len(data.users),
        "first": date_of(data.first),
        "last": date_of(data.end - 1),
        "revenue": float(data.amount.sum()),
        "horizon": data.horizon,
        "cleaning": [{"dropped": step.name, "rows": step.rows} for step in data.cleaning],
        "notes": list(data.notes),
        "split": data.split,
        "licence": data.licence,
    }


def _part(report: ValueReport, part: str, found: ValuePredictions) -> dict[str, Any]:
    return {
        "protocol": value_protocol(report.data, part, found),
        "counts": {"customers": len(found.actual), "buyers": int((found.actual > 0).sum())},
        "metrics": found.estimates(),
    }


def value_report(report: ValueReport) -> Report:
    """The report of a model of customer value."""
    facts = value_facts(report)
    return Report(facts, lambda: value_page(report, facts), report.history)


def value_page(report: ValueReport, facts: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        report: the content of the report.
        facts: the content of metrics.json.
    """
    data, model = report.data, report.model
    return page(
        report.title,
        [
            f"<h1>{escape(report.title)}</h1>",
            f'<p class="soft">What {len(report.test.actual):,} customers pay in the '
            f"{data.horizon} days after {date_of(data.test)}, predicted from what lay before.</p>",
            _headline(report),
            "<h2>Comparison</h2>"
            + figure(
                comparison(
                    {name: found[HEADLINE] for name, found in report.systems.items()},
                    model=model,
                    metric=HEADLINE,
                ),
                "How well the model and the baselines rank customers by what they pay on test, "
                "with 95 % intervals.",
            )
            + metric_table(report.systems, None, model, "Test.")
            + difference_table(
                model,
                report.differences,
                None,
                by="paired by customer",
                smaller_is_better=SMALLER_IS_BETTER,
            )
            + f'<p class="soft">{_ALIVE.format(auc=decimals(facts["auc_of_alive"]))}</p>',
            _season(report),
            _calibration(report, facts),
            training_section(report.history, report.metric),
            _data(facts["data"]),
            protocols([facts[part]["protocol"] for part in ("test", "valid")], _WORDS)
            + on_valid(model, report.valid.estimates()),
            repeat(report.command, report.settings, report.seconds, facts["versions"]),
        ],
    )


_ALIVE = (
    "The probability to be alive that BG/NBD gives ranks who buys again with an AUC of {auc}: it "
    "is 1 by definition for customers with one purchase. Its column shows the purchases that it "
    "expects."
)
_WORDS = (
    "Normalised Gini: the area between revenue caught by predicted value and the diagonal, divided "
    "by that of the true order. AUC: of who buys again by the probability to buy; of spend rates "
    "by purchases a day, of the last days by the age of the last purchase, of BG/NBD by expected "
    "purchases. Spearman: correlation of ranks of predicted and true values. Total: predicted over "
    "true. Decile error: mean relative error of the totals of tenths by predicted value. MAE: in "
    "the currency of the log. Coverage: of the 80 % interval. Totals, the share of buyers and "
    "coverage were calibrated on valid, for which the model that is measured was trained with it."
)


def _headline(report: ValueReport) -> str:
    own = report.systems[report.model]
    reached, gap = report.systems[BG_NBD][HEADLINE], report.differences[BG_NBD][HEADLINE]
    versus = against_best(report.model, BG_NBD, reached, gap).replace("best ", "", 1)
    return (
        f'<div class="headline"><div class="number">{decimals(own[HEADLINE].mean)} '
        f"<small>{HEADLINE} on test, 95 % {interval(own[HEADLINE])}; total "
        f"{own[TOTAL].mean:.2f} of the true one, coverage of the 80 % interval "
        f"{own[COVERAGE].mean:.0%}</small></div><p>{versus}</p></div>"
    )


def _season(report: ValueReport) -> str:
    data, season = report.data, report.season
    held = season["days_held_a_year_before"]
    if held >= data.horizon:
        words = "a year before, the log holds all of it"
    elif season["factor"] == 1:
        words = (
            f"a year before, the log holds {held} of its {data.horizon} days, so that its season "
            "cannot be known; totals are those of the level before the cut"
        )
    else:
        words = (
            f"a year before, the log holds {held} of its {data.horizon} days; the others are "
            "interpolated from the level before the cut, which nothing in the log can check"
        )
    return (
        f"<h2>Season</h2><p>The {data.horizon} days after the cut count {season['factor']:.2f} "
        f"times those before it: {words}. Without this factor the predicted total would be "
        f"{season['total_without']:.2f} of the true one. It changes no ranking.</p>"
    )


def _calibration(report: ValueReport, facts: Mapping[str, Any]) -> str:
    places = np.arange(1, 11)
    with Drawing("deciles", height=2.4) as drawing:
        axes = drawing.axes()
        width = 0.38
        found = facts["deciles"]
        axes.bar(places - width / 2, found["predicted"], width, color=MODEL, label="predicted")
        axes.bar(places + width / 2, found["actual"], width, color=OTHER, label="paid")
        axes.set_xticks(places)
        axes.set_xlabel("tenth of customers by predicted value, the largest first")
        axes.set_ylabel("mean value", color=SOFT)
        drawing.figure.legend(
            loc="outside upper center", ncols=2, frameon=False, labelcolor=INK, fontsize=8
        )
    with Drawing("buying", height=2.6) as buying:
        axes = buying.axes()
        axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.8, linestyle=(0, (3, 3)))
        found = facts["buying"]
        axes.plot(found["probability"], found["share"], "o-", color=MODEL, markersize=4)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("predicted probability to buy")
        axes.set_ylabel("share that buys", color=SOFT)
    return (
        "<h2>Calibration</h2>"
        + figure(drawing.svg, "Mean predicted value and what was paid on test, by tenths.")
        + figure(buying.svg, "Predicted probability and share of buyers on test, by tenths.")
    )


def _data(data: Mapping[str, Any]) -> str:
    rows = [
        ("customers", f"{data['users']:,}"),
        ("days with a purchase", f"{data['rows']:,}, {data['first']} to {data['last']}"),
        ("revenue", f"{data['revenue']:,.0f}"),
        *((f"dropped: {step['dropped']}", f"{step['rows']:,} rows") for step in data["cleaning"]),
    ]
    notes = "".join(f"<li>{escape(note)}.</li>" for note in data["notes"])
    return (
        f"<h2>Data</h2><p>{escape(data['name'])}, split {escape(data['split'])}.</p>"
        f"{two_columns(rows)}{f'<ul>{notes}</ul>' if notes else ''}{licence(data['licence'])}"
    )
