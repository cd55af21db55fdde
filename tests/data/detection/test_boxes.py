import numpy as np
import pytest

from kit.data.detection import (
    DetectionImage,
    RawBox,
    RawImage,
    Repairs,
    canvas_shape,
    looked_at,
    size_of,
)
from kit.errors import UserError
from tests.data.detection.boxed import image


def test_bytes_come_from_memory_or_a_file(tmp_path):
    content = image()
    file = tmp_path / "a.png"
    file.write_bytes(content)
    assert size_of("a", content) == size_of("a", file) == (40, 30)
    for where in (content, file):
        assert DetectionImage("a", where, (40, 30), None, None).encoded() == content


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"no image at all", "It is not an image"),
        (image()[:300], "The image cannot be decoded"),
        (image(kind="JPEG", mode="CMYK"), "of a kind not known here: JPEG CMYK"),
        (image(kind="TIFF"), "of a kind not known here: TIFF"),
    ],
)
def test_what_cannot_be_decoded_is_named(tmp_path, content, what):
    file = tmp_path / "bad.jpg"
    file.write_bytes(content)
    with pytest.raises(UserError, match=what) as raised:
        size_of("bad", file)
    assert raised.value.where == str(file)
    assert "--on-bad-file skip" in raised.value.remedy


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="no such file") as raised:
        size_of("a", tmp_path / "a.png")
    assert "a.png" in raised.value.where


def test_repairs_name_the_first_places():
    repairs = Repairs()
    for name in "abcdd":
        repairs.note("boxes dropped", name)
    assert repairs.lines() == ["5 boxes dropped: a, b, c ..."]


def raw(*boxes, content=None, where="a.xml"):
    return RawImage("a", content or image(), [RawBox(*box) for box in boxes], "train", where)


def test_every_kind_of_wrong_box_is_counted_and_handled():
    repairs = Repairs()
    boxes = [
        ((1, 2, 10, 12), "cat"),
        ((-5, -5, 10, 10), "cat"),
        ((30, 20, 99, 99), "dog"),
        ((5, 5, 5, 9), "cat"),
        ((9, 9, 5, 20), "cat"),
        ((50, 5, 60, 9), "cat"),
        ((1, 1, 5, 5), "unicorn"),
    ]
    [(part, found)] = looked_at([raw(*boxes)], ["cat", "dog"], repairs)
    assert part == "train"
    assert found.boxes.tolist() == [[1, 2, 10, 12], [0, 0, 10, 10], [30, 20, 40, 30]]
    assert found.labels.tolist() == [0, 0, 1]
    assert repairs.lines() == [
        "2 boxes cut off at the edge of their image: a.xml",
        "2 boxes without an area dropped: a.xml",
        "1 boxes wholly outside their image dropped: a.xml",
        "1 boxes of unknown label 'unicorn' dropped: a.xml",
    ]


def test_a_image_without_a_box_stays_and_is_counted():
    repairs = Repairs()
    [(_, found)] = looked_at([raw()], ["cat"], repairs)
    assert found.boxes.shape == (0, 4)
    assert found.boxes.dtype == np.float32
    assert repairs.lines() == ["1 images without a box kept as such: a"]


def test_a_bad_file_is_an_error_or_left_out():
    repairs, bad = Repairs(), raw(content=b"nothing")
    with pytest.raises(UserError, match="not an image"):
        looked_at([bad], ["cat"], repairs)
    assert looked_at([bad], ["cat"], repairs, "skip") == []
    assert repairs.lines() == ["1 images that cannot be decoded left out: a"]


def test_a_side_that_is_no_number_is_an_error():
    with pytest.raises(UserError, match="is no number") as raised:
        looked_at([raw(((0, 0, float("nan"), 4), "cat"))], ["cat"], Repairs())
    assert raised.value.where == "a.xml"


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
