"""Figures for classification reports."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.evaluation import BINS, ClassPredictions
from kit.metrics import reliability
from kit.report._figures import INK, MODEL, OTHER, SOFT, Drawing

MOST_CLASSES = 24
LONGEST = 16


def confusion_drawing(confusion: NDArray[np.integer], classes: Sequence[str]) -> str:
    """The confusion matrix, each row in shares of its examples.

    Args:
        confusion: int [classes, classes], true class by predicted class.
        classes: names; of more than 24 those with the most errors are shown.

    Returns:
        An `<svg>` element.
    """
    shown = most_mistaken(confusion, MOST_CLASSES)
    counts = confusion[np.ix_(shown, shown)]
    shares = counts / np.maximum(confusion.sum(axis=1)[shown], 1)[:, None]
    names = [short(classes[n]) for n in shown]
    size = len(names)
    with Drawing("confusion", height=1.4 + min(0.36 * size, 4.6)) as drawing:
        axes = drawing.axes()
        for row in range(size):
            for column in range(size):
                share = float(shares[row, column])
                correct = row == column
                if counts[row, column]:
                    # A square root, so that one error in a hundred stays visible.
                    axes.add_patch(
                        _square(column, row, MODEL if correct else "#c2452d", np.sqrt(share))
                    )
                if share >= 0.005 and size <= 14:
                    axes.text(
                        column + 0.5,
                        row + 0.5,
                        f"{100 * share:.0f}",
                        ha="center",
                        va="center",
                        fontsize=7.5,
                        color="#ffffff" if share > 0.3 else INK,
                    )
        axes.set_xlim(0, size)
        axes.set_ylim(size, 0)
        places = np.arange(size) + 0.5
        axes.set_xticks(places, names, rotation=50, ha="right", rotation_mode="anchor")
        axes.set_yticks(places, names)
        axes.tick_params(length=0, labelcolor=INK, labelsize=8 if size <= 14 else 6.5)
        axes.set_xlabel("predicted class")
        axes.set_ylabel("true class", color=SOFT)
    return drawing.svg


def classes_drawing(
    recall: NDArray[np.floating], precision: NDArray[np.floating], classes: Sequence[str]
) -> str:
    """Recall and precision of each class, the weakest first.

    Args:
        recall: float [classes], nan for a class without examples.
        precision: float [classes].
        classes: names; of more than 24 the weakest are shown.

    Returns:
        An `<svg>` element.
    """
    order = np.argsort(np.nan_to_num(recall + precision, nan=9.0), kind="stable")[:MOST_CLASSES]
    with Drawing("classes", height=0.75 + 0.27 * len(order)) as drawing:
        axes = drawing.axes()
        places = np.arange(len(order))
        for values, colour, name, filled in (
            (precision[order], OTHER, "precision", False),
            (recall[order], MODEL, "recall", True),
        ):
            axes.plot(
                values,
                places,
                "o",
                color=colour,
                markersize=6.5,
                markerfacecolor=colour if filled else "none",
                markeredgewidth=1.6,
                label=name,
            )
        axes.hlines(places, recall[order], precision[order], color=OTHER, linewidth=1, zorder=0)
        axes.set_yticks(places, [short(classes[n]) for n in order])
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.set_ylim(len(order) - 0.5, -0.5)
        low = np.nanmin([recall[order], precision[order]])
        axes.set_xlim(max(0, np.floor(low * 10 - 0.2) / 10), 1.005)
        drawing.figure.legend(
            loc="outside upper center", ncols=2, frameon=False, labelcolor=INK, fontsize=8
        )
    return drawing.svg


def most_mistaken(confusion: NDArray[np.integer], most: int) -> NDArray[np.intp]:
    """Numbers of the `most` classes with the most errors, in ascending order."""
    wrong = confusion - np.diag(np.diag(confusion))
    order = np.argsort(-(wrong.sum(axis=0) + wrong.sum(axis=1)), kind="stable")
    return np.sort(order[:most])


def short(name: str) -> str:
    """The name, truncated so that it fits beside a figure."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"


def _square(x: int, y: int, colour: str, strength: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x + 0.03, y + 0.03), 0.94, 0.94, color=colour, alpha=strength, linewidth=0)


def confidence_figure(predictions: ClassPredictions) -> str:
    """Reliability diagram: accuracy by confidence, in bins of equally many examples.

    Args:
        predictions: of the model on test.

    Returns:
        An `<svg>` element.
    """
    confidence, accuracy, rows = reliability(
        predictions.is_correct, predictions.probabilities.max(axis=1), BINS
    )
    error = 1.96 * np.sqrt(accuracy * (1 - accuracy) / rows)
    low = max(0.0, np.floor(10 * min(confidence.min(), (accuracy - error).min())) / 10)
    with Drawing("confidence", height=3.2) as drawing:
        axes = drawing.axes()
        axes.plot([low, 1], [low, 1], color=SOFT, linewidth=0.8, linestyle=(0, (3, 3)))
        axes.errorbar(confidence, accuracy, yerr=error, fmt="none", ecolor=OTHER, elinewidth=1.2)
        axes.plot(confidence, accuracy, "o-", color=MODEL, markersize=4, linewidth=1.2)
        axes.set_xlim(low, 1.01)
        axes.set_ylim(low, 1.02)
        axes.set_xlabel("predicted probability")
        axes.set_ylabel("accuracy", color=SOFT)
    return drawing.svg
