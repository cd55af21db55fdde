"""Pictures of a report on pictures: mistakes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kit.evaluation._pictures import INK, SOFT, Drawing

COLUMNS = 4


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
