"""The report of a model of uplift."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from kit.data.campaign import CampaignData
from kit.evaluation import (
    LIKELY,
    ROBUST_VALUE,
    Randomisation,
    UpliftPredictions,
    uplift_protocol,
    verdicts,
)
from kit.report._figures import INK, MODEL, OTHER, SOFT, Drawing, comparison, decimals
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
from kit.report._report import ComparisonReport, Report, training_section

PARTS = ("train", "valid", "test")


@dataclass(frozen=True, kw_only=True)
class UpliftReport(ComparisonReport[UpliftPredictions]):
    """The content of a report of uplift, see `ComparisonReport`.

    Args:
        data: the split campaign.
        share: of people that policies treat at most.
        random: whether the arms can be told from the features.
    """

    data: CampaignData
    share: float
    random: Randomisation

    @property
    def verdicts(self) -> list[str]:
        """What the differences to targeting likely buyers say."""
        return verdicts(self.model, self.data.arms, self.test, self.differences[LIKELY])


def uplift_facts(report: UpliftReport) -> dict[str, Any]:
    """The content of metrics.json: plain values, null where a number does not exist."""
    content: dict[str, Any] = {
        part: {
            "protocol": uplift_protocol(report.data, part, report.share),
            "counts": {"rows": len(found.rows)},
            "metrics": found.estimates(),
        }
        for part, found in (("test", report.test), ("valid", report.valid))
    }
    content["verdicts"] = report.verdicts
    content["randomisation"] = {
        "auc": report.random.auc,
        "random": report.random.is_random,
        "propensities": report.data.has_propensities,
    }
    content["effective_rows"] = {
        name: found.value.effective_rows
        for name, found in {report.model: report.test, **report.baselines}.items()
    }
    return report.facts({**content, "data": campaign_facts(report.data)})


def campaign_facts(data: CampaignData) -> dict[str, Any]:
    """Size, arms, outcomes, features, split and licence of a campaign."""
    parts = {part: getattr(data, part) for part in PARTS}
    return {
        "name": data.name,
        "rows_read": data.rows_read,
        "rows": sum(map(len, parts.values())),
        "rows_of_part": {part: len(rows) for part, rows in parts.items()},
        "arms": {
            name: {
                part: {
                    "rows": int((rows.arm == arm).sum()),
                    "outcomes": float(rows.outcome[rows.arm == arm].mean()),
                }
                for part, rows in parts.items()
            }
            for arm, name in enumerate(data.arms)
        },
        "outcome": {"name": data.outcome, "positive": data.table.positives[data.outcome]},
        "features": [{"name": x.name, "kind": x.kind} for x in data.schema.features],
        "left_out": dict(data.schema.left_out),
        "cleaning": [{"dropped": step.name, "rows": step.rows} for step in data.cleaning],
        "split": data.split,
        "licence": data.licence,
    }


def uplift_report(report: UpliftReport) -> Report:
    """The report of a model of uplift."""
    facts = uplift_facts(report)
    return Report(facts, lambda: uplift_page(report, facts), report.history)


def uplift_page(report: UpliftReport, facts: Mapping[str, Any]) -> str:
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
            f'<p class="soft">What {escape(" and ".join(data.arms[1:]))} change in '
            f"{escape(data.outcome)}, beside {escape(data.arms[0])}. Measured on "
            f"{counted(len(data.test), 'row')} that no model was trained on.</p>",
            _headline(report),
            _randomisation(report),
            "<h2>Policies</h2>"
            + figure(
                comparison(
                    {name: found[ROBUST_VALUE] for name, found in report.systems.items()},
                    model=model,
                    metric=f"{data.outcome} a person, doubly robust",
                ),
                f"Mean outcome if each policy had treated at most {report.share:.0%} of the people "
                "of test, with 95 % intervals; those for all treat everybody.",
            )
            + metric_table(report.systems, None, model, "Test.")
            + difference_table(model, report.differences, None, by="paired by row"),
            _curves(report),
            training_section(report.history, report.metric).replace("Training", _NETWORK, 1),
            _data(data, facts["data"]),
            protocols([facts[part]["protocol"] for part in ("test", "valid")], _WORDS)
            + on_valid(model, report.valid.estimates()),
            repeat(report.command, report.settings, report.seconds, facts["versions"]),
        ],
    )


_NETWORK = "Training of the network"
_WORDS = (
    "Qini: area between the curve of outcomes gained per treated row, in the order of predicted "
    "uplift, and that of a random order, times 1,000; a random order has 0. AUUC: area under the "
    "curve of gain per row, times 1,000. Value: mean outcome of a policy, from rows that got by "
    "chance what it would have given them: IPS weighs them by the inverse of their propensity, "
    "SNIPS divides by the sum of weights, the doubly robust value corrects the predictions of the "
    "exported model. Learners were compared on valid while trained on train alone, and then "
    "trained on train and valid."
)


def _headline(report: UpliftReport) -> str:
    own = report.systems[report.model][ROBUST_VALUE]
    found = "".join(f"<p>{escape(sentence)}</p>" for sentence in report.verdicts)
    return (
        f'<div class="headline"><div class="number">{decimals(own.mean)} '
        f"<small>{escape(report.data.outcome)} a person by the policy of {escape(report.model)}, "
        f"doubly robust, 95 % {interval(own)}</small></div>{found}</div>"
    )


def _randomisation(report: UpliftReport) -> str:
    words = (
        "Differences between arms are effects of the treatment."
        if report.random.is_random
        else "Differences between arms are effects only as far as the propensities are right."
    )
    return f"<h2>Randomisation</h2><p>On valid and test {escape(report.random.line)}. {words}</p>"


def _curves(report: UpliftReport) -> str:
    shown = {report.model: (report.test, MODEL), LIKELY: (report.baselines[LIKELY], OTHER)}
    parts = ["<h2>Qini curves</h2>"]
    for arm, name in enumerate(report.data.arms[1:]):
        with Drawing(f"qini-{arm}", height=2.8) as drawing:
            axes = drawing.axes()
            for system, (found, colour) in shown.items():
                share, gain = found.curves[arm].points()
                places = np.linspace(0, 1, 201)
                axes.plot(places, np.interp(places, share, gain), color=colour, label=system)
            axes.plot([0, 1], [0, gain[-1]], color=SOFT, linewidth=0.8, linestyle=(0, (3, 3)))
            axes.set_xlim(0, 1)
            axes.set_xlabel("share of people treated, the largest score first")
            axes.set_ylabel("gain per treated row", color=SOFT)
            axes.yaxis.set_major_formatter(lambda value, _: decimals(value, 3))
            drawing.figure.legend(
                loc="outside upper center", ncols=2, frameon=False, labelcolor=INK, fontsize=8
            )
        caption = f"{name}: outcomes gained on test; the dashed line is a random order."
        parts.append(figure(drawing.svg, caption))
    return "".join(parts)


def _data(data: CampaignData, facts: Mapping[str, Any]) -> str:
    rows = [
        *((part, f"{count:,} rows") for part, count in facts["rows_of_part"].items()),
        *(
            (f"{name}, of all parts", f"{sum(x['rows'] for x in of_parts.values()):,} rows")
            for name, of_parts in facts["arms"].items()
        ),
        ("features", ", ".join(x["name"] for x in facts["features"])),
        *((f"dropped: {step['dropped']}", f"{step['rows']:,} rows") for step in facts["cleaning"]),
    ]
    return (
        f"<h2>Data</h2><p>{escape(data.name)}, split {escape(data.split)}.</p>"
        f"{two_columns(rows)}{licence(data.licence)}"
    )
