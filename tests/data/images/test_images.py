import numpy as np
import tensorflow as tf

from kit.data.images import Images
from tests.data.images.files import image

LABELS = np.array([0, 1, 0], np.int32)


def held():
    pixels = np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4, 1)
    return Images(None, pixels, ["a", "b", "c"], LABELS, (4, 4, 1))


def test_pixels_alone_are_encoded_as_they_are():
    png = held().encoded(1)
    np.testing.assert_array_equal(tf.io.decode_png(png), held().pixels[1])


def test_some_of_them():
    some = held().take(np.array([2, 0]))
    assert some.names == ["c", "a"]
    np.testing.assert_array_equal(some.decoded(slice(1)), held().pixels[2:])


def test_files_are_read_when_they_are_needed(tmp_path):
    files = [tmp_path / f"{n}.png" for n in range(3)]
    for number, file in enumerate(files):
        file.write_bytes(image(number))
    some = Images(files, None, list(map(str, files)), LABELS, (4, 4, 3)).take(np.array([1, 2]))
    assert some.encoded(0) == image(1)
    assert some.decoded(np.array([1])).shape == (1, 4, 4, 3)


def test_colours_of_the_channels():
    mean, spread = held().colours()
    np.testing.assert_allclose(mean, held().pixels.mean())
    np.testing.assert_allclose(spread, held().pixels.std() + 1)
