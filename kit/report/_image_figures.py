"""Figures of images: heat maps, errors, boxes."""

import io
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from kit.data.detection import DetectionImage
from kit.evaluation import Detections, matched
from kit.report._figures import INK, SOFT, Drawing

COLUMNS = 4


def mistakes_drawing(
    pixels: NDArray[np.uint8], heat: NDArray[np.float32] | None, texts: Sequence[tuple[str, str]]
) -> str:
    """Misclassified images, each beside its heat map if there is one.

    Args:
        pixels: uint8 [images, height, width, channels].
        heat: float [images, height, width], 0 to 1; or None.
        texts: predicted and true class of each image.

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
    """The pixels as three channels from 0 to 1; greyscale is repeated."""
    return np.broadcast_to(pixels, (*pixels.shape[:2], 3)) / 255.0


def heated(image: NDArray[np.float64], heat: NDArray[np.float32]) -> NDArray[np.float64]:
    """An image in grey, overlaid by its heat map from blue through yellow to red.

    Args:
        image: [height, width, 3], 0 to 1.
        heat: [height, width], 0 to 1.
    """
    from matplotlib import colormaps

    grey = image.mean(axis=-1, keepdims=True)
    colour = colormaps["turbo"](heat)[..., :3]
    return np.asarray(0.45 * grey + 0.55 * colour)


WIDTH, TEXT = 640, 13
# Safe for colour blindness: the colours differ in brightness, and missed objects are dashed.
RIGHT, MISSED, FALSE = (0, 114, 178), (213, 0, 80), (240, 200, 0)
DASH = 7


def drawn(image: DetectionImage, found: Detections, classes: Sequence[str]) -> bytes:
    """A JPEG of the image with its boxes.

    Blue: true positive. Yellow: false positive. Red and dashed: missed object.

    Args:
        image: with its objects.
        found: detections to draw, those below the score threshold left out.
        classes: names.
    """
    with Image.open(io.BytesIO(image.encoded())) as stored:
        original = ImageOps.exif_transpose(stored) if stored.format == "JPEG" else stored
        scale = WIDTH / original.width
        canvas = original.convert("RGB").resize((WIDTH, max(1, round(original.height * scale))))
    pen = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(TEXT)
    matches = matched(image, found)
    for box, label in zip(image.boxes[matches.missed], image.labels[matches.missed], strict=True):
        _dashed(pen, (box * scale).tolist())
        _named(pen, (box * scale).tolist(), classes[label], MISSED, font)
    for number in np.argsort(found.scores):
        colour = RIGHT if matches.right[number] else FALSE
        box = (found.boxes[number] * scale).tolist()
        pen.rectangle(box, outline=colour, width=3)
        name = f"{classes[found.labels[number]]} {found.scores[number]:.2f}".replace("0.", ".")
        _named(pen, box, name, colour, font)
    file = io.BytesIO()
    canvas.save(file, "JPEG", quality=80)
    return file.getvalue()


def _named(pen: Any, box: list[float], name: str, colour: tuple[int, ...], font: Any) -> None:
    left, top = box[0], max(0.0, box[1] - TEXT - 3)
    ground = pen.textbbox((left + 3, top), name, font=font)
    pen.rectangle((left, top, ground[2] + 3, top + TEXT + 3), fill=colour)
    pen.text((left + 3, top), name, font=font, fill="black" if colour == FALSE else "white")


def _dashed(pen: Any, box: list[float]) -> None:
    left, top, right, bottom = box
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    for (x0, y0), (x1, y1) in pairwise(corners):
        dashes = max(1, int(max(abs(x1 - x0), abs(y1 - y0)) / (2 * DASH)))
        for number in range(dashes):
            start, end = number / dashes, (number + 0.6) / dashes
            pen.line(
                [
                    (x0 + (x1 - x0) * start, y0 + (y1 - y0) * start),
                    (x0 + (x1 - x0) * end, y0 + (y1 - y0) * end),
                ],
                fill=MISSED,
                width=3,
            )
