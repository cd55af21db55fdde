"""The report of a forecaster."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.data.series import SeriesData
from kit.evaluation import (
    FORECAST_METRICS,
    LEVELS,
    Forecasts,
    HierarchyFit,
    forecast_protocol,
    series_classes,
)
from kit.metrics import Estimate
from kit.report._figures import INK, MODEL, OTHER, SOFT, Drawing, comparison, decimals
from kit.report._hierarchy import hierarchy_facts, hierarchy_section
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
    signed,
    two_columns,
)
from kit.report._report import ComparisonReport, Report, training_section

HEADLINE = "RMSSE"
# Differences of other metrics have no better side.
SMALLER_IS_BETTER = ("RMSSE", "MASE", "WQL", "MSE", "MAE")
SEASONS_SHOWN = 3
MOST_HORIZONS = 12


@dataclass(frozen=True, kw_only=True)
class ForecastReport(ComparisonReport[Forecasts]):
    """The content of a forecaster's report, see `ComparisonReport`.

    Args:
        data: the split series.
        hierarchy: fitted forecasts of its groups, or None.
    """

    data: SeriesData
    hierarchy: HierarchyFit | None = None

    @cached_property
    def best_baseline(self) -> str:
        """The baseline with the smallest RMSSE."""
        found = {name: x[HEADLINE].mean for name, x in self.systems.items() if name != self.model}
        return min(found, key=lambda name: np.nan_to_num(found[name], nan=np.inf))

    def examples(self) -> dict[str, int]:
        """The series with the median, the smallest and the largest error: caption to number."""
        errors = self.test.of_series()
        known = np.flatnonzero(~np.isnan(errors))
        if not len(known):
            return {}
        order = known[np.argsort(errors[known], kind="stable")]
        found = {"typical": order[len(order) // 2]}
        if len(order) > 2:
            found |= {"best": order[0], "worst": order[-1]}
        return {name: int(number) for name, number in found.items()}

    @cached_property
    def coverage(self) -> NDArray[np.float64]:
        """The share of actual values of test up to each quantile."""
        known = ~np.isnan(self.test.actual)
        below = self.test.actual[..., None] <= self.test.quantile
        shares: NDArray[np.float64] = below[known].mean(axis=0)
        return shares

    @cached_property
    def worse_series(self) -> int:
        """Series that the best baseline forecasts better."""
        other = self.baselines[self.best_baseline].of_series()
        return int((self.test.of_series() > other).sum())


def forecast_facts(report: ForecastReport) -> dict[str, Any]:
    """The content of metrics.json: plain values, null where a number does not exist."""
    by_horizon = {
        name: {metric: values.tolist() for metric, values in one.by_horizon().items()}
        for name, one in _main_systems(report).items()
    }
    classes = {
        name: {system: one.only(mask).summary() for system, one in _main_systems(report).items()}
        for name, mask in series_classes(report.data)
    }
    content = {
        "test": _part(report, "test", report.test),
        "valid": _part(report, "valid", report.valid),
        "by_horizon": by_horizon,
        "by_size": classes,
        "series_worse_than_best_baseline": report.worse_series,
        "data": series_facts(report.data),
    }
    if report.hierarchy is not None:
        content["hierarchy"] = hierarchy_facts(
            report.hierarchy, report.data, report.test, report.baselines
        )
    return report.facts(content)


def series_facts(data: SeriesData) -> dict[str, Any]:
    """Size, grid, gaps, split and licence of series."""
    end = data.frequency.texts([data.first, data.first + data.steps - 1])
    return {
        "name": data.name,
        "rows_read": data.rows_read,
        "rows": len(data.series),
        "steps": data.steps,
        "every": data.frequency.name,
        "first": end[0],
        "last": end[1],
        "outcome": data.outcome,
        "missing": float(np.isnan(data.values).mean()),
        "zeros": float((data.values == 0).mean()),
        "cleaning": [{"dropped": step.name, "rows": step.rows} for step in data.cleaning],
        "notes": list(data.notes),
        "known": [one.name for one in data.known],
        "static": [one.name for one in data.static],
        "split": data.split,
        "licence": data.licence,
    }


def _part(report: ForecastReport, part: str, found: Forecasts) -> dict[str, Any]:
    return {
        "protocol": forecast_protocol(report.data, part, found),
        "counts": {"series": len(report.data.series), "origins": report.data.origins},
        "metrics": found.estimates(),
    }


def _main_systems(report: ForecastReport) -> dict[str, Forecasts]:
    """The model and its best baseline."""
    best = report.best_baseline
    return {report.model: report.test, best: report.baselines[best]}


def forecast_report(report: ForecastReport) -> Report:
    """The report of a forecaster."""
    facts = forecast_facts(report)
    return Report(facts, lambda: forecast_page(report, facts), report.history)


def forecast_page(report: ForecastReport, facts: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        report: the content of the report.
        facts: the content of metrics.json.
    """
    data, model = report.data, report.model
    frequency = data.frequency.name
    return page(
        report.title,
        [
            f"<h1>{escape(report.title)}</h1>",
            f'<p class="soft">Forecasts {data.horizon} {frequency}s of '
            f"{len(data.series):,} series, evaluated on {data.origins:,} stretches of time it was "
            "not fitted on.</p>",
            _headline(report),
            "<h2>Comparison</h2>"
            + figure(
                comparison(
                    {name: found[HEADLINE] for name, found in report.systems.items()},
                    model=model,
                    metric=f"{HEADLINE}, smaller is better",
                ),
                "The model and the baselines on test, with 95 % intervals.",
            )
            + metric_table(report.systems, None, model, "Test.")
            + difference_table(
                model,
                report.differences,
                None,
                by="from paired resamples",
                smaller_is_better=SMALLER_IS_BETTER,
            ),
            *_fans(report),
            _by_horizon(report),
            _by_size(report, facts),
            hierarchy_section(facts),
            _calibration(report),
            training_section(report.history, report.metric),
            _data(facts["data"]),
            protocols([facts[part]["protocol"] for part in ("test", "valid")], _WORDS)
            + on_valid(model, report.valid.estimates()),
            repeat(report.command, report.settings, report.seconds, facts["versions"]),
        ],
    )


_WORDS = (
    "RMSSE: the root mean squared error of a forecast, divided by that of the last value as a "
    "forecast of the next one before its origin; MASE: its mean absolute error, divided by that of "
    "the seasonal naive forecast; then the mean over all forecasts. WQL: twice the pinball loss of "
    "the quantiles .1, .3, .5, .7 and .9, divided by the sum of the actual values. Coverage: "
    "actual values between the quantiles .1 and .9. Bias: the sum of all forecasts over the actual "
    "one, minus 1. MSE and MAE: of series divided by their standard deviation in train. Quantiles "
    "were shifted on valid."
)


def _headline(report: ForecastReport) -> str:
    own, best = report.systems[report.model], report.best_baseline
    reached, gap = report.systems[best][HEADLINE], report.differences[best][HEADLINE]
    return (
        f'<div class="headline"><div class="number">{decimals(own[HEADLINE].mean)} '
        f"<small>{HEADLINE} on test{_ends(own[HEADLINE])}; WQL {decimals(own['WQL'].mean)}, "
        f"coverage of the 80 % interval {own['coverage of 80 %'].mean:.0%}</small></div>"
        f"<p>The best baseline, {escape(best)}, reaches {decimals(reached.mean)}; the difference "
        f"of {signed(gap.mean)} {_verdict(gap, report.model)}. {report.worse_series:,} of "
        f"{len(report.data.series):,} series are forecast better by that baseline.</p></div>"
    )


def _ends(x: Estimate) -> str:
    return "" if np.isnan(x.low) else f", 95 % {interval(x)}"


def _verdict(gap: Estimate, model: str) -> str:
    if np.isnan(gap.low):
        return "has no interval: there are too few series and origins"
    if not gap.outside_chance:
        return f"is <b>not significant</b> (95 % {interval(gap)})"
    worse = f"is significant, {escape(model)} is <b>worse</b>"
    return f"{'is <b>significant</b>' if gap.mean < 0 else worse} (95 % {interval(gap)})"


def _fans(report: ForecastReport) -> Iterator[str]:
    yield "<h2>Forecasts of test</h2>"
    for name, number in report.examples().items():
        data = report.data
        caption = (
            f"{data.series[number]}, the {name} series by RMSSE: the last forecast of test with "
            "its 80 % and 40 % intervals (blue) and what happened (dark)."
        )
        yield figure(_fan(report, number, f"fan-{name}"), caption)


def _fan(report: ForecastReport, number: int, name: str) -> str:
    data, test = report.data, report.test
    start = int(data.starts("test")[-1])
    shown = min(start, max(SEASONS_SHOWN * data.frequency.season, 2 * data.horizon))
    ahead = np.arange(1, data.horizon + 1)
    quantile = test.quantile[number, -1]
    with Drawing(name, height=2.4) as drawing:
        axes = drawing.axes()
        middle = len(LEVELS) // 2
        for place in range(middle):
            low, high = quantile[:, place], quantile[:, -1 - place]
            axes.fill_between(ahead, low, high, color=MODEL, alpha=0.18, linewidth=0)
        axes.plot(ahead, quantile[:, middle], color=MODEL)
        history = data.values[number, start - shown : start + data.horizon]
        axes.plot(np.arange(1 - shown, data.horizon + 1), history, color=INK, linewidth=1.0)
        axes.axvline(0.5, color=SOFT, linewidth=0.8, linestyle=(0, (3, 3)))
        axes.set_xlabel(f"{data.frequency.name}s from {_date(data, start)}")
    return drawing.svg


def _date(data: SeriesData, step: int) -> str:
    return data.frequency.texts([data.first + step])[0]


def _by_horizon(report: ForecastReport) -> str:
    systems = {name: one.by_horizon() for name, one in _main_systems(report).items()}
    steps = np.arange(1, report.data.horizon + 1)
    with Drawing("by-horizon", height=2.4) as drawing:
        axes = drawing.axes()
        for name, found in systems.items():
            colour = MODEL if name == report.model else OTHER
            marker = "." if len(steps) <= MOST_HORIZONS else ""
            axes.plot(steps, found[HEADLINE], color=colour, label=name, marker=marker)
        axes.set_ylim(0, None)
        axes.set_xlabel(f"{report.data.frequency.name}s ahead")
        axes.set_ylabel(HEADLINE, color=SOFT)
        drawing.figure.legend(
            loc="outside upper center", ncols=2, frameon=False, labelcolor=INK, fontsize=8
        )
    return "<h2>By horizon</h2>" + figure(
        drawing.svg, "The error by how far ahead, of the model and of its best baseline."
    )


def _by_size(report: ForecastReport, facts: Mapping[str, Any]) -> str:
    if not facts["by_size"]:
        return ""
    head = "".join(f'<th scope="col">{metric}</th>' for metric in FORECAST_METRICS)
    rows = ""
    for name, systems in facts["by_size"].items():
        for system, metrics in systems.items():
            cells = "".join(
                f"<td>{decimals(np.nan if metrics[m] is None else metrics[m])}</td>"
                for m in FORECAST_METRICS
            )
            rows += f'<tr><th scope="row">{name}, {escape(system)}</th>{cells}</tr>'
    return (
        '<h2>By size</h2><p class="soft caption">Test, by thirds of the series by the mean of '
        "their values in train.</p>"
        f'<div class="wide"><table><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _calibration(report: ForecastReport) -> str:
    with Drawing("calibration", height=2.6) as drawing:
        axes = drawing.axes()
        axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.8, linestyle=(0, (3, 3)))
        axes.plot(LEVELS, report.coverage, "o-", color=MODEL, markersize=4)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("level of the quantile")
        axes.set_ylabel("share below it", color=SOFT)
    return "<h2>Calibration</h2>" + figure(
        drawing.svg,
        "The share of actual values of test up to each quantile. Where many values are 0, more of "
        "them lie on a low quantile than its level says.",
    )


def _data(data: Mapping[str, Any]) -> str:
    rows = [
        ("series", f"{data['rows']:,}"),
        (f"{data['every']}s", f"{data['steps']:,}, {data['first']} to {data['last']}"),
        ("outcome", data["outcome"]),
        ("missing", f"{data['missing']:.1%}"),
        ("zero", f"{data['zeros']:.1%}"),
        *((name, ", ".join(data[name])) for name in ("known", "static") if data[name]),
        *((f"dropped: {step['dropped']}", f"{step['rows']:,} rows") for step in data["cleaning"]),
    ]
    notes = "".join(f"<li>{escape(note)}.</li>" for note in data["notes"])
    return (
        f"<h2>Data</h2><p>{escape(data['name'])}, split {escape(data['split'])}.</p>"
        f"{two_columns(rows)}{f'<ul>{notes}</ul>' if notes else ''}{licence(data['licence'])}"
    )
