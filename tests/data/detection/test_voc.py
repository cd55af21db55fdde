import pytest

from kit.data.detection import Repairs, is_voc, read_voc
from kit.errors import UserError
from tests.data.detection.boxed import squares, write_voc


def test_pixels_are_counted_from_1_and_lists_are_parts(tmp_path):
    made = list(squares(4))
    lists = {"train": ["000  1", "001"], "val": ["002"], "test": ["404"]}
    folder, repairs = write_voc(tmp_path, made, lists), Repairs()
    assert is_voc(folder)
    found = read_voc(folder, repairs)
    assert [one.part for one in found] == ["train", "train", "valid"]
    for one, (content, boxes) in zip(found, made[:3], strict=True):
        assert one.content.read_bytes() == content
        assert [(box.label, *box.sides) for box in one.boxes] == boxes
    assert repairs.lines() == [
        "1 images that no list of the split names left out: 003",
        "1 names in a list of the split without annotations passed over: 404",
    ]


@pytest.mark.parametrize(
    ("old", "new", "what", "where"),
    [
        ("<xmin>", "<xmin>ten", "xmin of a box is 'ten", "000.xml, object 1 (bright)"),
        ("<ymax>", "<y>", "is not XML", "000.xml, line 1, column"),
        ("<name>bright</name>", "", "An object has no name", "000.xml, object 1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, what, where):
    folder = write_voc(tmp_path, squares(1))
    file = folder / "Annotations" / "000.xml"
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(UserError, match=what) as raised:
        read_voc(folder, Repairs())
    assert where in raised.value.where
    assert raised.value.remedy


def test_a_image_in_two_parts_is_an_error(tmp_path):
    folder = write_voc(tmp_path, squares(1), {"train": ["000"], "test": ["000"]})
    with pytest.raises(UserError, match="000 is in train and in test"):
        read_voc(folder, Repairs())


def test_a_folder_without_images_is_an_error(tmp_path):
    folder = write_voc(tmp_path, squares(1))
    (folder / "JPEGImages").rename(folder / "else")
    with pytest.raises(UserError, match="The folder has no JPEGImages"):
        read_voc(folder, Repairs())
