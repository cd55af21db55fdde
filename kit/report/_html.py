"""The page of a report: its style, tables and figures."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from html import escape

from kit.metrics import Estimate, Estimates
from kit.report._figures import decimals

STYLE = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --card: #f5f7f9; --ink: #17212b; --soft: #5b6875; --grid: #dde3e8;
  --model: #1f6fb5; --other: #b4bec8; --better: #12703f; --worse: #a8321e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12171c; --card: #1b2229; --ink: #e8edf1; --soft: #9aa7b3; --grid: #303a44;
    --model: #58a6ea; --other: #55616c; --better: #5ec98f; --worse: #f0907c;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 46rem;
  background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2.75rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p, ul, ol { margin: .5rem 0; }
.soft, figcaption { color: var(--soft); font-size: .875rem; }
.headline { background: var(--card); border-left: 4px solid var(--model); border-radius: 4px;
  padding: 1rem 1.15rem; margin: 1.25rem 0; }
.headline .number { font-size: 2.25rem; font-weight: 650; line-height: 1.15; }
.headline .number small { font-size: .95rem; font-weight: 400; color: var(--soft); }
.headline p { margin: .4rem 0 0; }
figure { margin: 1rem 0; }
figure svg { display: block; width: 100%; max-width: 36rem; height: auto; }
figure svg * { stroke-linejoin: round; }
figcaption { margin-top: .4rem; max-width: 36rem; }
.wide { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
p.caption { margin: 1.5rem 0 -.25rem; }
th, td { padding: .35rem .65rem; text-align: right; vertical-align: top; white-space: nowrap;
  border-bottom: 1px solid var(--grid); }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th { font-weight: 600; }
thead th { color: var(--soft); font-weight: 500; white-space: normal; vertical-align: bottom;
  max-width: 8rem; }
td small { display: block; color: var(--soft); font-size: .75rem; }
td.model { font-weight: 650; }
td.model small { font-weight: 400; }
.text { text-align: left; white-space: normal; min-width: 9rem; }
.better { color: var(--better); } .worse { color: var(--worse); } .undecided { color: var(--soft); }
.example { background: var(--card); border-radius: 4px; padding: .85rem 1.15rem; margin: 1rem 0; }
.example h3 { margin: 0 0 .25rem; }
.example table { width: 100%; }
.example td.text small { white-space: normal; }
mark { color: inherit; border-radius: 2px; }
details { margin: .75rem 0; } summary { cursor: pointer; color: var(--model); }
pre { background: var(--card); border-radius: 4px; padding: .75rem 1rem; overflow-x: auto;
  font-size: .85rem; }
pre.licence { white-space: pre-wrap; }
@media (max-width: 30rem) {
  th, td { padding: .3rem .45rem; }
  .headline .number { font-size: 1.9rem; }
}
@media print { body { max-width: none; } details { display: block; } }
"""


def metric_table(
    systems: Mapping[str, Estimates], cut: str | None, model: str, caption: str
) -> str:
    """A table of metrics (of one cut-off, or all) by system; the model's column is highlighted."""

    def cell(system: str, metric: str) -> str:
        mark = ' class="model"' if system == model else ""
        return f"<td{mark}>{_estimate(metric, systems[system][metric])}</td>"

    return _metrics_by_system(systems, cut, caption, cell)


def difference_table(
    model: str,
    differences: Mapping[str, Estimates],
    cut: str | None,
    *,
    by: str = "paired by user",
    smaller_is_better: Collection[str] = (),
) -> str:
    """Differences to each baseline, coloured where they are significant.

    Args:
        model: name of the model.
        differences: of each baseline.
        cut: the cut-off of the metrics shown; None shows all.
        by: how the differences are paired.
        smaller_is_better: metrics of which a smaller value is better.
    """

    def cell(system: str, metric: str) -> str:
        difference = differences[system][metric]
        verdict = _verdict(difference, metric in smaller_is_better)
        return (
            f'<td class="{verdict}">{signed(difference.mean)}'
            f"<small>{interval(difference)}</small></td>"
        )

    caption = (
        f"{model} minus each baseline, {by}. Green or red: the 95 % interval excludes "
        "zero; grey: not significant."
    )
    return _metrics_by_system(differences, cut, caption, cell)


def _metrics_by_system(
    systems: Mapping[str, Estimates], cut: str | None, caption: str, cell: Callable[[str, str], str]
) -> str:
    every = next(iter(systems.values()))
    metrics = [m for m in every if cut is None or m.endswith(f"@{cut}")]
    head = "".join(f'<th scope="col">{escape(system)}</th>' for system in systems)
    rows = "".join(
        f'<tr><th scope="row">{_heading(metric)}</th>'
        + "".join(cell(system, metric) for system in systems)
        + "</tr>"
        for metric in metrics
    )
    return (
        f'<p class="soft caption">{escape(caption)}</p><div class="wide"><table><thead><tr>'
        f"<td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _verdict(difference: Estimate, smaller_is_better: bool) -> str:
    if not difference.outside_chance:
        return "undecided"
    return "better" if (difference.mean > 0) != smaller_is_better else "worse"


def _heading(metric: str) -> str:
    return f"{metric}, bits" if metric.startswith("Novelty") else metric


def _estimate(metric: str, x: Estimate) -> str:
    mean = decimals(x.mean, 2 if metric.startswith("Novelty") else 4)
    return mean if math.isnan(x.low) else f"{mean}<small>{interval(x)}</small>"


def interval(x: Estimate) -> str:
    """`.0583 to .0763`."""
    return f"{decimals(x.low)} to {decimals(x.high)}"


def signed(value: float) -> str:
    """`+.0160`, or with a minus sign."""
    text = decimals(value)
    return f"+{text}" if value > 0 else text


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 image`, `1,200 images`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def figure(svg: str, caption: str) -> str:
    """A figure with its caption, which is also its text alternative."""
    image = svg.replace("<svg", f'<svg role="img" aria-label="{escape(caption)}"', 1)
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def two_columns(rows: Iterable[tuple[str, str]]) -> str:
    """A table of names and values."""
    body = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in rows
    )
    return f'<div class="wide"><table><tbody>{body}</tbody></table></div>'


def page(title: str, parts: Iterable[str]) -> str:
    """A self-contained HTML file; empty parts are left out."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body>\n</html>\n"
    )


def protocols(of_parts: Iterable[str], words: str) -> str:
    """The protocol of each part, and the definitions of the metrics."""
    parts = "".join(f"<li>{escape(protocol)}.</li>" for protocol in of_parts)
    return f"<h2>How the numbers were measured</h2><ul>{parts}</ul><p class='soft'>{words}</p>"


def on_valid(model: str, estimates: Estimates, cut: str | None = None) -> str:
    """The metrics on valid, collapsed."""
    return (
        "<details><summary>Metrics on valid</summary>"
        + metric_table(
            {model: estimates}, cut, model, "Valid selected the model, so these are optimistic."
        )
        + "</details>"
    )


def licence(text: str) -> str:
    """Licence and attribution, collapsed; empty if there is none."""
    if not text:
        return ""
    return (
        "<details><summary>Licence and attribution</summary>"
        f'<pre class="licence">{escape(text.strip())}</pre></details>'
    )


def repeat(
    command: str,
    settings: Mapping[str, object],
    seconds: Mapping[str, float],
    versions: Mapping[str, str],
) -> str:
    """How to reproduce the numbers."""
    set_to = [(str(k), str(v)) for k, v in settings.items()]
    durations = [(name, f"{value:,.1f} s") for name, value in seconds.items()]
    return (
        f"<h2>How to reproduce</h2><pre>{escape(command)}</pre>"
        + (f"<h3>Settings</h3>{two_columns(set_to)}" if set_to else "")
        + (f"<h3>Time</h3>{two_columns(durations)}" if durations else "")
        + f"<h3>Versions</h3>{two_columns(versions.items())}"
    )
