import io

import numpy as np
from PIL import Image

from kit.report import as_colours, drawn, heated, mistakes_drawing
from kit.report._image_figures import FALSE, MISSED, RIGHT
from tests.evaluation.cells import CLASSES, found, images
from tests.report.test_class_figures import texts


def test_mistakes_are_shown_with_and_without_heat():
    pixels = np.full((5, 6, 8, 1), 100, np.uint8)
    heat = np.linspace(0, 1, 240, dtype=np.float32).reshape(5, 6, 8)
    for given in (heat, None):
        svg = mistakes_drawing(pixels, given, [("cat 99 %", "is dog")] * 5)
        assert svg.count("<image") == 5
        assert texts(svg).count("cat 99 %") == 5


def test_heat_goes_from_blue_to_red():
    grey = as_colours(np.full((1, 2, 1), 128, np.uint8))
    cold, hot = heated(grey, np.array([[0.1, 0.95]], np.float32))[0]
    assert cold[2] > cold[0]
    assert hot[0] > hot[2]


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
