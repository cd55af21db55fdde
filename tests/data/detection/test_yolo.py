"""YOLO's folders of images and labels."""

import pytest

from kit.data.detection import open_detection
from kit.errors import UserError
from tests.data.detection.boxed import image


def write(folder, line="0 0.5 0.5 0.25 0.5", names="names:\n  0: cup\n  1: plate\n"):
    for name in ("images/train", "labels/train"):
        (folder / name).mkdir(parents=True)
    for number in range(2):
        (folder / "images" / "train" / f"{number}.png").write_bytes(image(number, (40, 20)))
    (folder / "labels" / "train" / "0.txt").write_text(f"{line}\n")
    (folder / "labels" / "train" / "lost.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    if names:
        (folder / "data.yaml").write_text(names)
    return str(folder)


def test_boxes_are_in_pixels_and_polygons_are_bounded(tmp_path):
    source = open_detection(write(tmp_path / "a"))
    assert source.classes == ["cup", "plate"]
    (part, first), (_, second) = source.images
    assert part == "train"
    assert first.boxes.tolist() == [[15, 5, 25, 15]]
    assert len(second.boxes) == 0
    assert any("annotations without an image" in line for line in source.repairs)
    polygon = open_detection(write(tmp_path / "b", "1 0.1 0.2 0.5 0.1 0.3 0.9", "names: [a, b]"))
    assert polygon.images[0][1].boxes.tolist() == [[4, 2, 20, 18]]
    assert polygon.images[0][1].labels.tolist() == [1]


@pytest.mark.parametrize(
    ("line", "names", "message"),
    [
        ("0 0.5 0.5", "names: [cup]", "no box"),
        ("7 0.5 0.5 0.1 0.1", "names: [cup]", "Class 7 has no name"),
        ("0 0.5 0.5 0.1 0.1", "", "names of the classes are missing"),
        ("0 0.5 0.5 0.1 0.1", "names: [", "not YAML"),
    ],
)
def test_what_is_no_yolo_is_refused_with_its_place(line, names, message, tmp_path):
    with pytest.raises(UserError, match=message) as error:
        open_detection(write(tmp_path / "data", line, names))
    assert str(tmp_path) in error.value.where
