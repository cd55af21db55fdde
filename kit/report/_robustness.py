"""Robustness in reports of classifiers."""

from html import escape

from kit.evaluation import Robustness
from kit.report._figures import decimals
from kit.report._html import interval, signed


def robustness_section(found: Robustness, words: str) -> str:
    """Accuracy with and without changes of the examples.

    Args:
        found: what was measured.
        words: what the changes are.
    """
    rows = "".join(_row(name, found) for name in found.accuracies)
    left = "".join(
        f"<p class='soft'>Not measured: {escape(name)}, which {escape(reason)}.</p>"
        for name, reason in found.left_out.items()
    )
    return (
        f"<h2>Robustness</h2><p class='soft'>{escape(found.protocol)}. {words} Red: the 95 % "
        "interval of the paired difference excludes zero.</p><div class='wide'><table><thead><tr>"
        "<td></td><th scope='col'>accuracy</th><th scope='col'>difference</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{left}"
    )


def _row(name: str, found: Robustness) -> str:
    accuracy, difference = found.accuracies[name], found.differences.get(name)
    cell = "<td></td>"
    if difference is not None:
        verdict = "undecided"
        if difference.outside_chance:
            verdict = "better" if difference.mean > 0 else "worse"
        cell = (
            f'<td class="{verdict}">{signed(difference.mean)}'
            f"<small>{interval(difference)}</small></td>"
        )
    return (
        f'<tr><th scope="row">{escape(name)}</th><td>{decimals(accuracy.mean)}'
        f"<small>{interval(accuracy)}</small></td>{cell}</tr>"
    )
