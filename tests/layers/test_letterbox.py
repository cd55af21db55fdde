import numpy as np
import pytest
import tensorflow as tf

from kit.layers import GREY, letterbox


@pytest.mark.parametrize(
    ("size", "scale", "covered"),
    [((40, 60), 1.0, (40, 60)), ((80, 20), 0.75, (60, 15)), ((3, 6), 10.0, (30, 60))],
)
def test_a_image_keeps_its_proportions(size, scale, covered):
    canvas, found = letterbox(tf.zeros([*size, 3], tf.uint8), (60, 60))
    assert float(found) == pytest.approx(scale)
    grey = canvas.numpy()[..., 0] == GREY
    assert not grey[: covered[0], : covered[1]].any()
    assert grey.sum() == 60 * 60 - covered[0] * covered[1]


def test_a_point_lies_where_the_scale_says():
    image = np.zeros((100, 200, 3), np.uint8)
    image[40:44, 120:124] = 255
    canvas, scale = letterbox(image, (64, 64))
    y, x = np.unravel_index(canvas.numpy()[:32, :, 0].argmax(), (32, 64))
    assert (x + 0.5, y + 0.5) == pytest.approx((122 * float(scale), 42 * float(scale)), abs=0.7)


def test_even_a_thread_leaves_a_pixel():
    canvas, _ = letterbox(tf.zeros([1000, 1, 3], tf.uint8), (32, 32))
    assert (canvas.numpy()[:, 0] == 0).all()
