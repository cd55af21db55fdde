"""Pieces of a report's HTML: tables, figures, numbers in words."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from html import escape

from kit.evaluation._figures import decimals
from kit.evaluation._report_numbers import Estimate, Estimates
from kit.evaluation._report_style import STYLE


def metric_table(
    systems: Mapping[str, Estimates], cut: str | None, model: str, caption: str
) -> str:
    """Metrics down (of one cut, or all), systems across; the model's column stands out."""

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
        cut: of the metrics shown; None shows all.
        by: what is compared with what.
        smaller_is_better: metrics that count mistakes.
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
    """`1 person`, `1,200 people`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def figure(svg: str, caption: str) -> str:
    """An image with the caption that also stands for it where it cannot be seen."""
    image = svg.replace("<svg", f'<svg role="img" aria-label="{escape(caption)}"', 1)
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def two_columns(rows: Iterable[tuple[str, str]]) -> str:
    """A table of names and values."""
    body = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in rows
    )
    return f'<div class="wide"><table><tbody>{body}</tbody></table></div>'


def page(title: str, parts: Iterable[str]) -> str:
    """A whole HTML file that needs nothing else; empty parts are left out."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body>\n</html>\n"
    )


def protocols(said: Iterable[str], words: str) -> str:
    """How each part was measured, and what the metrics mean."""
    parts = "".join(f"<li>{escape(protocol)}.</li>" for protocol in said)
    return f"<h2>How the numbers were measured</h2><ul>{parts}</ul><p class='soft'>{words}</p>"


def on_valid(model: str, estimates: Estimates, cut: str | None = None) -> str:
    """The metrics on valid, folded."""
    return (
        "<details><summary>On valid, by which training was steered</summary>"
        + metric_table({model: estimates}, cut, model, "Valid; not a fair test.")
        + "</details>"
    )


def licence(text: str) -> str:
    """Attribution, folded; nothing where there is none."""
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
    """How to get the same numbers again."""
    set_to = [(str(k), str(v)) for k, v in settings.items()]
    took = [(name, f"{value:,.1f} s") for name, value in seconds.items()]
    return (
        f"<h2>How to repeat it</h2><pre>{escape(command)}</pre>"
        + (f"<h3>Settings</h3>{two_columns(set_to)}" if set_to else "")
        + (f"<h3>Time</h3>{two_columns(took)}" if took else "")
        + f"<h3>Versions</h3>{two_columns(versions.items())}"
    )
