"""The section of a forecaster's report on the groups of its series."""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from kit.data.series import SeriesData
from kit.evaluation import Forecasts, HierarchyFit, forecasts_by_level, point_metric
from kit.metrics import Estimate
from kit.report._figures import decimals
from kit.report._html import interval, signed

SHOWN = ("WQL", "coverage of 80 %", "bias")


def hierarchy_facts(
    fit: HierarchyFit, data: SeriesData, test: Forecasts, baselines: Mapping[str, Forecasts]
) -> dict[str, Any]:
    """What metrics.json and the card say of a hierarchy.

    Args:
        fit: of its forecasts.
        data: the split series.
        test: forecasts of the model for the series on test.
        baselines: name to theirs.
    """
    found = forecasts_by_level(fit, data, test, baselines)
    levels = {level: len(next(iter(systems.values())).actual) for level, systems in found.items()}
    why = "the only method, as others need several origins and fewer series"
    if len(fit.methods) > 1:
        why = f"{fit.chosen} has the smaller error on valid"
    sizes = ", ".join(f"{level} ({count:,})" for level, count in levels.items())
    return {
        "protocol": f"test, by level: {sizes}; groups are the sums of their series; {why}",
        "columns": [] if data.hierarchy is None else data.hierarchy.levels[1:],
        "levels": levels,
        "metric": point_metric(data),
        "method": fit.chosen,
        "shrinkage": fit.reconciliation.shrinkage,
        "valid": fit.valid,
        "test": {
            level: {
                name: {
                    "metrics": one.estimates(),
                    **({} if name == fit.chosen else {"minus": systems[fit.chosen].minus(one)}),
                }
                for name, one in systems.items()
            }
            for level, systems in found.items()
        },
    }


def hierarchy_rows(facts: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of a table: level and system, errors, and the difference to the chosen.

    Args:
        facts: of `hierarchy_facts`, as values for JSON.
    """
    metric, method = facts["metric"], facts["method"]
    columns = ["level", metric, f"{method} minus it", "95 %", *SHOWN]
    rows = []
    for level, systems in facts["test"].items():
        for name, found in systems.items():
            gap = _estimate(found["minus"][metric]) if "minus" in found else None
            ends = "-" if gap is None or np.isnan(gap.low) else interval(gap)
            rows.append(
                [
                    f"{level}, {name}",
                    decimals(_estimate(found["metrics"][metric]).mean),
                    "-" if gap is None else signed(gap.mean),
                    ends,
                    *(decimals(_estimate(found["metrics"][one]).mean) for one in SHOWN),
                ]
            )
    return columns, rows


def _estimate(values: Mapping[str, Any]) -> Estimate:
    return Estimate(
        **{name: np.nan if value is None else float(value) for name, value in values.items()}
    )


def hierarchy_section(facts: Mapping[str, Any]) -> str:
    """The section of the page; "" without a hierarchy."""
    found = facts.get("hierarchy")
    if not found:
        return ""
    (_, *columns), rows = hierarchy_rows(found)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for name, *cells in rows
    )
    return (
        '<h2>Levels</h2><p class="soft caption">Forecasts of the groups, which are the sums of '
        f"those of their series. {escape(found['protocol'][0].upper() + found['protocol'][1:])}. "
        "Baselines forecast the series and are added up; of each level the best one is "
        "shown.</p>"
        f'<div class="wide"><table><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
