"""Pictures of a report on pictures: confusions, classes, mistakes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.evaluation._pictures import INK, MODEL, OTHER, SOFT, Drawing

MOST_CLASSES = 24
COLUMNS = 4
LONGEST = 16


def confusion_drawing(confusion: NDArray[np.integer], classes: Sequence[str]) -> str:
    """What each class was taken for, as shares of its pictures.

    Args:
        confusion: int [classes, classes], class by what it was called.
        classes: names; of many, those most often mistaken are shown.

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
                right = row == column
                if counts[row, column]:
                    # A square root, so that one mistake in a hundred can be seen.
                    axes.add_patch(
                        _square(column, row, MODEL if right else "#c2452d", np.sqrt(share))
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
        axes.set_xlabel("is called")
        axes.set_ylabel("is", color=SOFT)
    return drawing.svg


def classes_drawing(
    recall: NDArray[np.floating], precision: NDArray[np.floating], classes: Sequence[str]
) -> str:
    """Recall and precision of each class, the weakest first.

    Args:
        recall: float [classes], nan where there is no picture.
        precision: float [classes].
        classes: names; of many the weakest are shown.

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


def mistakes_drawing(
    pixels: NDArray[np.uint8], heat: NDArray[np.float32] | None, texts: Sequence[tuple[str, str]]
) -> str:
    """Mistakes, each as it is and, beside it, with the places that spoke for the wrong class.

    Args:
        pixels: uint8 [pictures, height, width, channels].
        heat: float [pictures, height, width], 0 to 1; or None.
        texts: of each picture what it was called and what it is.

    Returns:
        An `<svg>` element.
    """
    rows = -(-len(pixels) // COLUMNS)
    tall = pixels.shape[1] / pixels.shape[2]
    wide = 1 if heat is None else 2
    with Drawing("mistakes", height=rows * (1.15 * tall / wide + 0.42)) as drawing:
        every = drawing.figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for axes in every:
            axes.axis("off")
        for number, axes in enumerate(every[: len(pixels)]):
            picture = as_colours(pixels[number])
            if heat is not None:
                # A white line between the two.
                gap = np.ones((picture.shape[0], max(1, picture.shape[1] // 16), 3))
                picture = np.concatenate([picture, gap, heated(picture, heat[number])], axis=1)
            axes.imshow(picture, interpolation="nearest")
            called, true = texts[number]
            axes.set_title(called, fontsize=7.5, color=INK, pad=3)
            axes.text(
                *(0.5, -0.04, true), transform=axes.transAxes, ha="center", va="top",
                fontsize=7.5, color=SOFT,
            )  # fmt: skip
    return drawing.svg


def as_colours(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Three channels from 0 to 1, grey pictures too."""
    return np.broadcast_to(pixels, (*pixels.shape[:2], 3)) / 255.0


def heated(picture: NDArray[np.float64], heat: NDArray[np.float32]) -> NDArray[np.float64]:
    """A picture in grey under its heat, from blue through yellow to red.

    Args:
        picture: [height, width, 3], 0 to 1.
        heat: [height, width], 0 to 1.
    """
    from matplotlib import colormaps

    grey = picture.mean(axis=-1, keepdims=True)
    colour = colormaps["turbo"](heat)[..., :3]
    return np.asarray(0.45 * grey + 0.55 * colour)


def most_mistaken(confusion: NDArray[np.integer], most: int) -> NDArray[np.intp]:
    """Numbers of the classes that take part in most mistakes, in order; all if they are few."""
    wrong = confusion - np.diag(np.diag(confusion))
    order = np.argsort(-(wrong.sum(axis=0) + wrong.sum(axis=1)), kind="stable")
    return np.sort(order[:most])


def short(name: str) -> str:
    """A name that fits beside a picture."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"


def _square(x: int, y: int, colour: str, strength: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x + 0.03, y + 0.03), 0.94, 0.94, color=colour, alpha=strength, linewidth=0)
