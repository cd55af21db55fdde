import pytest

from kit.data.detection import open_detection
from kit.errors import UserError
from tests.data.detection.boxed import squares, write_coco, write_voc


def test_all_kinds_give_the_same(tmp_path):
    made = list(squares(3))
    voc = write_voc(tmp_path / "voc", made)
    coco = write_coco(tmp_path / "coco.json", made)
    rows = [
        f"voc/JPEGImages/{number:03d}.png,{x0},{y0},{x1},{y1},{label}"
        for number, (_, boxes) in enumerate(made)
        for label, x0, y0, x1, y1 in boxes
    ]
    table = tmp_path / "boxes.csv"
    table.write_text("\n".join(["path,x0,y0,x1,y1,label", *rows]))
    for source in map(str, (voc, coco, table)):
        found = open_detection(source)
        assert found.classes == ["bright", "dark"]
        assert found.repairs == []
        for (part, one), (content, boxes) in zip(found.images, made, strict=True):
            assert part == ""
            assert one.encoded() == content
            assert one.boxes.tolist() == [list(map(float, box[1:])) for box in boxes]
            assert one.labels.tolist() == [0, 1]


def test_files_of_a_folder_are_parts(tmp_path):
    for name, part in (("instances_train2017", "train"), ("instances_val2017", "valid")):
        write_coco(tmp_path / "annotations" / f"{name}.json", squares(2))
        assert part in {p for p, _ in open_detection(str(tmp_path)).images}


def test_labels_that_train_does_not_have_are_unknown(tmp_path):
    made = list(squares(2))
    odd = (made[1][0], [("unicorn", 1, 1, 9, 9), *made[1][1]])
    folder = write_voc(tmp_path, [made[0], odd], {"train": ["000"], "test": ["001"]})
    found = open_detection(str(folder))
    assert found.classes == ["bright", "dark"]
    [line] = found.repairs
    assert line.startswith("1 boxes of unknown label 'unicorn' dropped: ")


def test_classes_can_be_chosen(tmp_path):
    folder = str(write_voc(tmp_path, squares(2)))
    found = open_detection(folder, classes=["dark"])
    assert [one.labels.tolist() for _, one in found.images] == [[0], [0]]
    with pytest.raises(UserError, match="No box is called 'drak'") as raised:
        open_detection(folder, classes=["drak"])
    assert raised.value.expected == "labels of the source: bright, dark"


def test_what_is_no_source_is_told_what_would_be(tmp_path):
    (tmp_path / "notes.md").write_text("hello")
    (tmp_path / "empty").mkdir()
    for name, what in (
        ("missing", "no such file or folder"),
        ("notes.md", "A .md file holds no boxes"),
        ("empty", "The folder holds no annotations"),
    ):
        with pytest.raises(UserError, match=what) as raised:
            open_detection(str(tmp_path / name))
        assert "a Pascal VOC folder" in raised.value.expected


def test_without_a_single_box_there_is_nothing_to_learn(tmp_path):
    [(content, _)] = squares(1)
    with pytest.raises(UserError, match="no box in any image"):
        open_detection(str(write_voc(tmp_path / "a", [(content, [])])))
    with pytest.raises(UserError, match="No box is left") as raised:
        open_detection(str(write_voc(tmp_path / "b", [(content, [("cat", 500, 0, 600, 9)])])))
    assert "1 boxes wholly outside their image dropped" in raised.value.remedy
