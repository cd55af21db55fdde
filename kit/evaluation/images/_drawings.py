"""Images of a report on images: mistakes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kit.evaluation._figures import INK, SOFT, Drawing

COLUMNS = 4


def mistakes_drawing(
    pixels: NDArray[np.uint8], heat: NDArray[np.float32] | None, texts: Sequence[tuple[str, str]]
) -> str:
    """Mistakes, each as it is and, beside it, with the places that spoke for the wrong class.

    Args:
        pixels: uint8 [images, height, width, channels].
        heat: float [images, height, width], 0 to 1; or None.
        texts: of each image what it was called and what it is.

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
            image = as_colours(pixels[number])
            if heat is not None:
                # A white line between the two.
                gap = np.ones((image.shape[0], max(1, image.shape[1] // 16), 3))
                image = np.concatenate([image, gap, heated(image, heat[number])], axis=1)
            axes.imshow(image, interpolation="nearest")
            called, true = texts[number]
            axes.set_title(called, fontsize=7.5, color=INK, pad=3)
            axes.text(
                *(0.5, -0.04, true), transform=axes.transAxes, ha="center", va="top",
                fontsize=7.5, color=SOFT,
            )  # fmt: skip
    return drawing.svg


def as_colours(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Three channels from 0 to 1, grey images too."""
    return np.broadcast_to(pixels, (*pixels.shape[:2], 3)) / 255.0


def heated(image: NDArray[np.float64], heat: NDArray[np.float32]) -> NDArray[np.float64]:
    """An image in grey under its heat, from blue through yellow to red.

    Args:
        image: [height, width, 3], 0 to 1.
        heat: [height, width], 0 to 1.
    """
    from matplotlib import colormaps

    grey = image.mean(axis=-1, keepdims=True)
    colour = colormaps["turbo"](heat)[..., :3]
    return np.asarray(0.45 * grey + 0.55 * colour)
