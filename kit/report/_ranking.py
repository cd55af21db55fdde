"""The report of a recommender."""

import math
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.evaluation import DeletionCurve
from kit.metrics import Estimate
from kit.report._figures import (
    DASH,
    comparison,
    decimals,
    deletion_figure,
    long_tail,
    shelf_shares,
)
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
from kit.report._ranking_numbers import Example, Numbers, RankingReport, as_json, numbers_of
from kit.report._report import Report, against_best, training_section


def report_page(report: RankingReport, numbers: Numbers, facts: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        report: the content of the report.
        numbers: its estimates.
        facts: the content of metrics.json, for data and versions.
    """
    title = f"{report.recipe} on {report.dataset.name}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{counted(len(report.test_task.users), "user", "users")} ranked over '
        f"{report.test_task.num_items:,} items. All numbers are means over users, with 95 % "
        "bootstrap intervals.</p>",
        ranking_headline(report, numbers),
        _against_baselines(report, numbers),
        _variants(report, numbers),
        on_valid(report.recipe, numbers.valid, report.headline_metric.rpartition("@")[2]),
        training_section(report.history, report.valid_metric),
        _long_tail(report),
        _examples(report.examples),
        _deletion(report.deletion),
        _cold(report, numbers),
        _data(facts["data"]),
        _protocol(report),
        repeat(report.command, report.settings, report.seconds, facts["versions"]),
    ]
    return page(title, parts)


def ranking_headline(report: RankingReport, numbers: Numbers) -> str:
    """The result and its comparison with the best baseline."""
    metric = report.headline_metric
    result = numbers.test[metric]
    if math.isnan(result.mean):
        return (
            '<div class="headline"><p>No user of test could be evaluated: none of them is in '
            "train and has a relevant item of train.</p></div>"
        )
    sentences = [_against_best(report.recipe, metric, numbers)]
    cut = metric.rpartition("@")[2]
    hit = numbers.test.get(f"Hit@{cut}")
    if hit is not None:
        sentences.append(
            f"{100 * hit.mean:.0f} of 100 users have a relevant item among their first {cut}."
        )
    return (
        f'<div class="headline"><div class="number">{decimals(result.mean)} '
        f"<small>{metric}, 95 % {interval(result)}</small></div>"
        + "".join(f"<p>{sentence}</p>" for sentence in sentences)
        + "</div>"
    )


def _against_best(recipe: str, metric: str, numbers: Numbers) -> str:
    best = numbers.best_baseline(metric)
    if best is None:
        return "No baseline was run, so there is nothing to compare with."
    reached, difference = numbers.baselines[best][metric], numbers.differences[best][metric]
    return against_best(recipe, best, reached, difference)


def _against_baselines(report: RankingReport, numbers: Numbers) -> str:
    metric = report.headline_metric
    systems = {report.recipe: numbers.test, **numbers.baselines}
    parts = ["<h2>Comparison with baselines</h2>"]
    if not math.isnan(numbers.test[metric].mean):
        image = comparison(
            {name: estimates[metric] for name, estimates in systems.items()},
            model=report.recipe,
            metric=f"{metric} on test",
        )
        parts.append(
            figure(
                image,
                f"{metric} on test with 95 % intervals, for the same users and "
                "candidates. These intervals are wider than those of the paired differences "
                "below.",
            )
        )
    cuts = list(dict.fromkeys(name.rpartition("@")[2] for name in numbers.test))
    first = metric.rpartition("@")[2]
    parts.append(metric_table(systems, first, report.recipe, "Test, means and 95 % intervals."))
    parts += [
        f"<details><summary>The same at {cut}</summary>"
        + metric_table(systems, cut, report.recipe, "Test, means and 95 % intervals.")
        + "</details>"
        for cut in cuts
        if cut != first
    ]
    if numbers.baselines:
        differences = {name: numbers.differences[name] for name in numbers.baselines}
        parts.append(difference_table(report.recipe, differences, first))
    if report.left_out:
        reasons = "; ".join(f"{escape(n)} ({escape(why)})" for n, why in report.left_out.items())
        parts.append(f'<p class="soft">Left out: {reasons}.</p>')
    return "\n".join(parts)


def _variants(report: RankingReport, numbers: Numbers) -> str:
    if not numbers.variants:
        return ""
    cut = report.headline_metric.rpartition("@")[2]
    systems = {report.recipe: numbers.test, **numbers.variants}
    differences = {name: numbers.differences[name] for name in numbers.variants}
    return (
        "<h2>Variants of the same model</h2>"
        + metric_table(systems, cut, report.recipe, "Test, means and 95 % intervals.")
        + difference_table(report.recipe, differences, cut)
    )


def _long_tail(report: RankingReport) -> str:
    dataset, task = report.dataset, report.test_task
    if not len(task.users):
        return ""
    popularity = np.bincount(dataset.train.item, minlength=dataset.num_items)
    cut = int(report.headline_metric.rpartition("@")[2])

    def shares(items: NDArray[np.integer]) -> NDArray[np.float64]:
        return shelf_shares(items, popularity)

    rows = {
        "train": shares(dataset.train.item),
        "relevant in test": shares(task.relevant.items),
        report.recipe: shares(report.test.top[:, :cut]),
        **{name: shares(x.top[:, :cut]) for name, x in report.baselines.items()},
    }
    return "<h2>The long tail</h2>" + figure(
        long_tail(rows),
        f"Items sorted by popularity in train, from the top 1 % (dark) to the less popular half "
        f"(light): their share of the interactions and of the first {cut} "
        "recommendations, in percent. A row darker than the first two concentrates on few items.",
    )


def _examples(examples: list[Example]) -> str:
    if not examples:
        return ""
    cards = []
    for number, example in enumerate(examples, start=1):
        rows = "".join(
            f'<tr><td>{rank}</td><td class="text">{escape(title)}{_like(similar)}</td>'
            f"<td>{score:.2f}</td></tr>"
            for rank, (title, score, similar) in enumerate(example.recommended, start=1)
        )
        recent = " · ".join(map(escape, example.because_of)) or "none"
        cards.append(
            f'<div class="example"><h3>User {number}</h3><p class="soft">Recent items: {recent}</p>'
            '<div class="wide"><table><thead><tr><th></th><th class="text">recommended</th>'
            f"<th>score</th></tr></thead><tbody>{rows}</tbody></table></div></div>"
        )
    return (
        "<h2>Examples</h2><p class='soft'>Recommendations for some users, and the items of "
        "their history that are nearest to them. Scores order one user's list; they are not "
        "probabilities.</p>" + "\n".join(cards)
    )


def _like(similar: list[str]) -> str:
    return f"<small>near {' · '.join(map(escape, similar))}</small>" if similar else ""


def _deletion(curve: DeletionCurve | None) -> str:
    if curve is None:
        return ""
    facts = curve.facts()
    curves = {
        name: [Estimate(**x) for x in facts[key]]
        for name, key in (("by contribution", "by_contribution"), ("at random", "at_random"))
    }
    area = Estimate(**facts["area_over_random"])
    return (
        "<h2>Faithfulness of the explanations</h2>"
        + figure(
            deletion_figure(curve.removed, curves),
            "What the first recommended item loses of its margin over the average item of the "
            "catalogue when items are removed from the history: those that contribute most to it "
            "first, or any. The further apart, the more the explanations name what matters.",
        )
        + f"<p>Area between the curves: {decimals(area.mean)} of the mean margin, 95 % "
        f'{interval(area)}.</p><p class="soft">Protocol: {escape(curve.protocol)}.</p>'
    )


def _cold(report: RankingReport, numbers: Numbers) -> str:
    counts, cold = report.test_task.counts, report.dataset.cold
    sentences = [
        f"{counted(cold['test_rows_of_cold_users'], 'test row')} of users who are not in train "
        "(not part of the numbers above).",
        f"{counted(cold['test_rows_of_cold_items'], 'test row')} of items that are not in train, "
        f"{counts['rows_item_not_in_train']:,} of them of users who are; such items cannot be "
        "recommended and do not count as misses.",
        f"{counted(counts['rows_repeating_seen'], 'test item')} that the user had interacted with "
        "before; as seen items are excluded, they are not relevant."
        if counts["rows_repeating_seen"]
        else "",
    ]
    parts = ["<h2>New users and new items</h2>"]
    parts.append("<ul>" + "".join(f"<li>{s}</li>" for s in sentences if s) + "</ul>")
    if report.cold_users is not None and numbers.cold_users is not None:
        task = report.cold_users[0]
        cut = report.headline_metric.rpartition("@")[2]
        if len(task.users):
            parts.append(
                metric_table(
                    {"new users": numbers.cold_users},
                    cut,
                    report.recipe,
                    f"{counted(len(task.users), 'user', 'users')} of test who are not in train.",
                )
            )
        parts.append(f'<p class="soft">Protocol: {escape(task.protocol)}.</p>')
    return "".join(parts)


def _data(data: Mapping[str, Any]) -> str:
    parts = data["rows_of_part"]
    rows = [
        ("rows read", f"{data['rows_read']:,}"),
        *((f"{DASH} {step['dropped']}", f"{step['rows']:,}") for step in data["cleaning"]),
        ("rows used", f"{data['rows']:,}"),
        *((f"rows in {part}", f"{parts[part]:,}") for part in parts),
        ("users (in train)", f"{data['users']:,} ({data['users_in_train']:,})"),
        ("items (in train)", f"{data['items']:,} ({data['items_in_train']:,})"),
        ("density", f"{100 * data['density']:.3g} %"),
        *((name.replace("_", " "), f"{count:,}") for name, count in data["cold"].items()),
    ]
    return (
        f"<h2>Data</h2><p>{escape(data['name'])}, split {escape(data['split'])}.</p>"
        f"{two_columns(rows)}{licence(data['licence'])}"
    )


def _protocol(report: RankingReport) -> str:
    return protocols(
        [task.protocol for task in (report.test_task, report.valid_task)],
        "No sampled candidates. NDCG, Recall, MRR, Hit and MAP by their "
        "definitions with binary relevance, NDCG's ideal cut at the smaller of k and the number of "
        "relevant items. Coverage is the share of the catalogue in at least one list, novelty the "
        "mean of log2(users in train / users in train who interacted with the item), in bits. "
        "Intervals: percentile bootstrap over users, 1,000 resamples, without retraining; "
        "those of differences are paired.",
    )


def ranking_report(report: RankingReport) -> Report:
    """The report of a recommender."""
    numbers = numbers_of(report)
    facts = as_json(report, numbers)
    return Report(facts, lambda: report_page(report, numbers, facts), report.history)
