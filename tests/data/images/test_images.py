from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from kit.data.images import Images, ImageSource, decoded, look
from kit.errors import UserError
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


def source(*contents):
    names = [f"image {n}" for n in range(len(contents))]
    return ImageSource("some", contents, names, ["x"] * len(contents), None, "")


GOOD = [image(n) for n in range(3)]
PNG = image(9)


def test_good_images_of_every_kind():
    kinds = [image(1, kind=kind) for kind in ("JPEG", "PNG", "BMP", "GIF")]
    found = look(source(*kinds), None, "error")
    assert found.shape == (8, 8, 3)
    assert found.kept.tolist() == [0, 1, 2, 3]
    assert not found.is_resized
    grey = look(source(image(1, channels=1)), None, "error")
    assert grey.shape == (8, 8, 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "are empty"),
        (b"hello", "no whole JPEG"),
        (PNG[: len(PNG) // 2], "no whole JPEG"),
        (image(1, kind="JPEG")[:-300], "no whole JPEG"),
    ],
)
def test_bad_files_are_an_error_or_counted(content, reason):
    some = source(*GOOD, content)
    with pytest.raises(UserError) as error:
        look(some, None, "error")
    assert reason in error.value.what
    assert error.value.where == "image 3"
    assert "--on-bad-file skip" in error.value.remedy
    found = look(some, None, "skip")
    assert found.kept.tolist() == [0, 1, 2]
    assert [(reason in step.name, step.rows) for step in found.cleaning] == [(True, 1)]


def test_files_that_are_not_there(tmp_path):
    (tmp_path / "folder.png").mkdir()
    some = source(tmp_path / "a.png", tmp_path / "folder.png")
    with pytest.raises(UserError, match=r"1 do not exist; 1 are no regular files"):
        look(some, None, "error")
    with pytest.raises(UserError, match="No image is left"):
        look(some, None, "skip")


def test_many_bad_files_are_named_in_part():
    with pytest.raises(UserError) as error:
        look(source(*[b""] * 9), None, "error")
    assert error.value.where == "image 0, image 1, image 2 and 6 more"


def test_sizes_that_differ_are_an_error_skipped_or_resized():
    some = source(*GOOD, image(1, size=(8, 6)))
    with pytest.raises(UserError) as error:
        look(some, None, "error")
    assert "1 of 4 are not 8x8" in error.value.what
    assert error.value.where == "image 3 is 8x6, image 0 is 8x8"
    assert "--size 8x8" in error.value.remedy
    skipped = look(some, None, "skip")
    assert (skipped.kept.tolist(), skipped.is_resized) == ([0, 1, 2], False)
    assert skipped.cleaning[0].name == "files that have another size"
    resized = look(some, (4, 4), "error")
    assert (resized.kept.tolist(), resized.shape, resized.is_resized) == (
        [0, 1, 2, 3],
        (4, 4, 3),
        True,
    )


def test_pixels_need_no_look():
    pixels = replace(source(), contents=np.zeros((2, 5, 4, 1), np.uint8))
    assert look(pixels, None, "error").shape == (5, 4, 1)
    assert look(pixels, (3, 3), "error").is_resized
