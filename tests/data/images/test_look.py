from dataclasses import replace

import numpy as np
import pytest

from kit.data.images import ImageSource
from kit.data.images._look import look
from kit.errors import UserError
from tests.data.images.files import image


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
