import io

import numpy as np
from PIL import Image

from kit.evaluation.detection._drawn import FALSE, MISSED, RIGHT, drawn
from tests.evaluation.detection.cells import CLASSES, found, images


def near(jpeg, colour):
    """How many pixels of the colour there are, and where."""
    pixels = np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"), int)
    y, x = np.nonzero(np.abs(pixels - colour).sum(axis=-1) < 90)
    return len(x), (x, y)


def test_each_kind_is_drawn_in_its_colour_where_it_is():
    [image] = images(1)
    jpeg = drawn(image, found([image.boxes[0], [70, 2, 90, 12]], [0, 0], [0.9, 0.4]), CLASSES)
    scale = 640 / 96
    for colour, box in (
        (RIGHT, image.boxes[0]),
        (FALSE, np.float32([70, 2, 90, 12])),
        (MISSED, image.boxes[1]),
    ):
        count, (x, y) = near(jpeg, colour)
        assert count > 100
        left, top, right, bottom = box * scale
        # The name stands above the box, or in it at the image's edge.
        assert left - 4 <= x.min()
        assert x.max() <= max(right, left + 110) + 4
        assert top - 24 <= y.min()
        assert y.max() <= max(bottom, 16) + 4


def test_what_is_right_leaves_no_other_colour():
    [image] = images(1)
    jpeg = drawn(image, found(image.boxes, image.labels, [0.9, 0.8]), CLASSES)
    assert near(jpeg, MISSED)[0] == near(jpeg, FALSE)[0] == 0
