import json

import pytest

from kit.data.detection import Repairs, categories_of, read_coco
from kit.errors import UserError
from tests.data.detection.boxed import squares, write_coco


def changed(file, change):
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))
    return file


def test_boxes_are_left_top_width_height(tmp_path):
    made = list(squares(2))
    file, repairs = write_coco(tmp_path / "a.json", made), Repairs()
    found = read_coco(file, repairs, "test")
    assert categories_of(file) == ["bright", "dark"]
    for one, (content, boxes) in zip(found, made, strict=True):
        assert one.part == "test"
        assert one.content.read_bytes() == content
        assert [(box.label, *box.sides) for box in one.boxes] == boxes
    assert repairs.lines() == []


def test_crowds_and_lost_boxes_are_counted(tmp_path):
    def change(content):
        content["annotations"][0]["iscrowd"] = 1
        content["annotations"][1]["image_id"] = 99
        content["annotations"][2]["category_id"] = 7

    file, repairs = changed(write_coco(tmp_path / "a.json", squares(2)), change), Repairs()
    found = read_coco(file, repairs)
    assert [len(one.boxes) for one in found] == [0, 2]
    assert found[1].boxes[0].label == "category 7"
    assert [line.split(": ")[0] for line in repairs.lines()] == [
        "1 boxes of crowds dropped",
        "1 boxes of an image that is not listed dropped",
    ]


@pytest.mark.parametrize(
    ("change", "what", "where"),
    [
        (lambda c: c.pop("categories"), "no list of categories", "a.json"),
        (lambda c: c["annotations"][1].pop("bbox"), "There is no bbox", "annotation 2"),
        (lambda c: c["annotations"][1].update(bbox=[1, 2]), "bbox is", "annotation 2"),
        (lambda c: c["images"][0].pop("id"), "There is no id", "image 0"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, what, where):
    file = changed(write_coco(tmp_path / "a.json", squares(1)), change)
    with pytest.raises(UserError, match=what) as raised:
        read_coco(file, Repairs())
    assert where in raised.value.where


def test_what_is_no_json_is_named_with_its_line(tmp_path):
    file = tmp_path / "a.json"
    file.write_text('{\n"images": [,]}')
    with pytest.raises(UserError, match="not JSON") as raised:
        read_coco(file, Repairs())
    assert raised.value.where.endswith("a.json, line 2")
