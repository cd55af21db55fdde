import numpy as np
import pytest

from kit.data.detection._clean import looked_at
from kit.data.detection._image import RawBox, RawImage, Repairs
from kit.errors import UserError
from tests.data.detection.boxed import image


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
