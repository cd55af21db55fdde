import pytest

from kit.data.images import open_images
from kit.errors import UserError


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
