"""The shape of what a detector takes, by that of the images."""

from collections.abc import Sequence

import numpy as np

from kit.data.detection._image import DetectionImage

STEP, SHARE, LARGEST = 32, 0.8, 416


def canvas_shape(images: Sequence[DetectionImage], size: int | None = None) -> tuple[int, int]:
    """Height and width, multiples of 32, the longer one `size`, rounded.

    The shorter one is so long that four images in five fit without being made smaller than the
    longer side asks for; a square would be computed in vain where all are wide.

    Args:
        images: of train.
        size: the longer side in pixels; None: that of the median image, at most 416.

    Example:

    >>> wide = DetectionImage("a", b"", (640, 480), np.zeros((0, 4), "f"), np.zeros(0, "i"))
    >>> canvas_shape([wide], 320)
    (256, 320)
    """
    ratios = np.array([one.size[1] / one.size[0] for one in images])
    if size is None:
        size = min(LARGEST, int(np.median([max(one.size) for one in images])))
    longer = max(STEP, round(size / STEP) * STEP)
    wide = bool(np.median(ratios) <= 1)
    shares = ratios if wide else 1 / ratios
    share = min(1.0, float(np.quantile(shares, SHARE)))
    shorter = max(STEP, int(np.ceil(longer * share / STEP - 1e-6)) * STEP)
    return (shorter, longer) if wide else (longer, shorter)
