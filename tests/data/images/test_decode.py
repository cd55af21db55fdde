import numpy as np
import tensorflow as tf

from kit.data.images import decoded
from tests.data.images.files import image


def test_a_image_of_the_right_size_stays_as_it_is():
    content = image(90)
    expected = tf.io.decode_png(content).numpy()
    np.testing.assert_array_equal(decoded(content, 8, 8, 3), expected)


def test_another_size_is_smoothed_and_rounded():
    stripes = np.tile(np.array([0, 255], np.uint8), (8, 4))[..., None]
    content = tf.io.encode_png(stripes)
    small = decoded(content, 4, 4, 1).numpy()
    assert small.shape == (4, 4, 1)
    # Without smoothing the stripes would come out black and white.
    assert np.abs(small[:, 1:3].astype(float) - 127.5).max() < 40


def test_grey_becomes_colour_and_colour_grey():
    grey = decoded(image(90, channels=1), 8, 8, 3).numpy()
    assert (grey[..., :1] == grey).all()
    for kind in ("PNG", "JPEG", "BMP", "GIF"):
        colour = decoded(image(90, kind=kind), 8, 8, 3).numpy()
        again = decoded(image(90, kind=kind), 8, 8, 1).numpy()
        luminance = colour @ [0.299, 0.587, 0.114]
        assert np.abs(again[..., 0] - luminance).max() < 2


def test_what_is_transparent_is_left_out():
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 4)).astype(np.uint8)
    content = tf.io.encode_png(pixels)
    np.testing.assert_array_equal(decoded(content, 8, 8, 3), pixels[..., :3])
