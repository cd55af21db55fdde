"""Images of predicted probabilities, as SVG that takes its colours from the page."""

from math import log10

import numpy as np

from kit.evaluation._classification import BINS, Classification
from kit.evaluation._figures import INK, MODEL, OTHER, SOFT, Drawing, decimals
from kit.metrics import reliability

SCORE_BINS = 40
FEW_CLICKS = 0.2


def reliability_figure(found: Classification, name: str = "reliability") -> str:
    """What was said against what happened, in bins of equally many rows; on the line is right.

    Args:
        found: the model on test.
        name: begins every id in it; images of one page need different ones.

    Returns:
        An `<svg>` element.
    """
    said, happened, rows = reliability(found.labels, found.probabilities, BINS)
    error = 1.96 * np.sqrt(happened * (1 - happened) / rows)
    reach = float(np.clip(max(said.max(), (happened + error).max()) * 1.05, 1e-6, 1))
    with Drawing(name, height=3.4) as drawing:
        axes = drawing.axes()
        axes.plot([0, reach], [0, reach], color=SOFT, linewidth=0.8, linestyle=(0, (3, 3)))
        axes.errorbar(said, happened, yerr=error, fmt="none", ecolor=OTHER, elinewidth=1.2)
        axes.plot(said, happened, "o-", color=MODEL, markersize=4, linewidth=1.2)
        axes.set_xlim(0, reach)
        axes.set_ylim(0, reach)
        axes.set_xlabel("predicted probability")
        axes.set_ylabel("share that was positive", color=SOFT)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: _short(value, reach))
    return drawing.svg


def scores_figure(found: Classification, name: str = "scores") -> str:
    """How often each probability is given to positives and to negatives.

    Args:
        found: the model on test.
        name: begins every id in it; images of one page need different ones.

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
        # Outside, where no bar can stand behind it.
        drawing.figure.legend(
            loc="outside upper center", ncols=2, frameon=False, labelcolor=INK, fontsize=8
        )
    return drawing.svg


def _short(value: float, reach: float) -> str:
    """As few digits as a range from 0 to `reach` needs."""
    return decimals(value, max(1, min(6, 2 - int(np.floor(log10(max(reach, 1e-6)) + 0.301)))))
