from collections import Counter

import pytest

from kit.data.images import open_images
from kit.errors import UserError
from tests.data.images.files import class_folders


def test_the_built_in_part_has_as_many_of_each_class():
    source = open_images("fashion-mnist-part")
    counts = Counter(zip(source.parts, source.labels, strict=True))
    assert {part: counts[part, "Bag"] for part in ("train", "test")} == {"train": 600, "test": 100}
    assert len(counts) == 20
    assert set(counts.values()) == {600, 100}
    assert "The MIT License" in source.licence
    assert source.names[6000] == "test/0"


def write(folder, text, name="list.csv"):
    (folder / name).write_text(text)
    return str(folder / name)


def test_paths_are_relative_to_the_table(tmp_path):
    source = open_images(write(tmp_path, "Image Path,class\na/1.png,cat\nb.jpg, dog \n"))
    assert [str(file) for file in source.contents] == [
        str(tmp_path / "a/1.png"),
        str(tmp_path / "b.jpg"),
    ]
    assert list(source.labels) == ["cat", "dog"]
    assert source.names[1].endswith("list.csv, row 3)")


def test_a_column_may_say_the_part(tmp_path):
    rows = "path,label,split\na,x,train\nb,y,validation\nc,x,test\n"
    assert open_images(write(tmp_path, rows)).parts == ["train", "valid", "test"]
    other = rows.replace("test\n", "somewhere\n")
    with pytest.raises(UserError, match=r"'somewhere' names no part(.|\n)*row 4, column split"):
        open_images(write(tmp_path, other))


def test_files_train_and_test_are_a_split(tmp_path):
    for part in ("train", "test"):
        write(tmp_path, "path,label\na,x\n", f"{part}.csv")
    assert sorted(open_images(str(tmp_path)).parts) == ["test", "train"]


@pytest.mark.parametrize(
    ("text", "columns", "said"),
    [
        ("a,b\n1,2\n", {}, "No column is recognised as the path"),
        ("path,b\n1,2\n", {}, "Name it: --label-column NAME"),
        ("path,label\n1,2\n", {"path_column": "pth"}, "Did you mean --path-column path"),
        ("path,label\na,x\nb,\n", {}, "row 3, column label"),
        ("path,label\n,x\n", {}, "The path is empty"),
    ],
)
def test_what_is_missing_is_named(tmp_path, text, columns, said):
    with pytest.raises(UserError) as error:
        open_images(write(tmp_path, text), **columns)
    assert said in str(error.value)


def test_a_folder_is_a_class(tmp_path):
    folder = class_folders(tmp_path, count=2)
    (folder / "dark" / ".DS_Store").write_bytes(b"x")
    (folder / "light" / "more").mkdir()
    (folder / "light" / "more" / "x.png").write_bytes(b"x")
    source = open_images(str(folder))
    assert list(source.labels) == ["dark", "dark", "light", "light", "light"]
    assert source.parts is None


def test_folders_train_and_test_are_a_split(tmp_path):
    for part in ("train", "test"):
        class_folders(tmp_path / part, count=1)
    source = open_images(str(tmp_path))
    assert sorted(source.parts) == ["test", "test", "train", "train"]
    assert set(source.labels) == {"dark", "light"}


def test_a_folder_without_folders_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(UserError, match=r"holds no folders with files[\s\S]*path,label"):
        open_images(str(tmp_path))


def test_a_data_set_without_images_is_refused(monkeypatch):
    class Info:
        features = {"text": None, "label": None}  # noqa: RUF012

    class Builder:
        info = Info()

    monkeypatch.setattr("kit.data._tfds.prepared", lambda name, where: Builder())
    with pytest.raises(UserError, match="has no image") as error:
        open_images("tfds:reviews")
    assert "found: text, label" in error.value.expected
