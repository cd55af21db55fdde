import numpy as np
import pytest

from kit.data.detection import DetectionImage, canvas_shape


def images(*sizes):
    none = np.zeros((0, 4), np.float32), np.zeros(0, np.int32)
    return [DetectionImage("a", b"", size, *none) for size in sizes]


@pytest.mark.parametrize(
    ("sizes", "shape"),
    [
        ([(640, 480)], (256, 320)),
        ([(480, 640)], (320, 256)),
        ([(100, 100)], (320, 320)),
        # Wide ones and a few high ones: the high ones are made smaller.
        ([(200, 100)] * 9 + [(100, 200)], (160, 320)),
        ([(200, 100)] * 6 + [(100, 200)] * 4, (320, 320)),
    ],
)
def test_it_follows_the_images(sizes, shape):
    assert canvas_shape(images(*sizes), 320) == shape


def test_without_a_size_it_is_that_of_the_images_but_not_too_large():
    assert canvas_shape(images((320, 240), (320, 240), (999, 999))) == (288, 320)
    assert canvas_shape(images((4000, 3000))) == (320, 416)


def test_sides_are_multiples_of_32():
    assert canvas_shape(images((640, 480)), 100) == (96, 96)
    assert canvas_shape(images((5000, 10)), 64) == (32, 64)
