import pytest

from kit.data.detection import read_csv
from kit.errors import UserError


def table(folder, *lines, name="boxes.csv"):
    file = folder / name
    file.write_text("\n".join(lines) + "\n")
    return file


def test_lines_of_one_path_are_one_image(tmp_path):
    file = table(
        tmp_path,
        "filename,xmin,ymin,xmax,ymax,class,split",
        "a.png,1,2,3,4,cat,train",
        "b.png,,,,,,test",
        "a.png,5,6,7,8.5,dog,train",
    )
    a, b = read_csv(file)
    assert (a.name, a.part, a.content) == ("a.png", "train", tmp_path / "a.png")
    assert [(box.label, box.sides) for box in a.boxes] == [
        ("cat", (1, 2, 3, 4)),
        ("dog", (5, 6, 7, 8.5)),
    ]
    assert (b.part, b.boxes) == ("test", [])


@pytest.mark.parametrize("sides", ["x0,y0,x1,y1", "x1,y1,x2,y2", "left,top,right,bottom"])
def test_other_names_of_the_sides(tmp_path, sides):
    [found] = read_csv(table(tmp_path, f"path,{sides},label", "a.png,1,2,3,4,cat"))
    assert found.boxes[0].sides == (1, 2, 3, 4)


def test_tabs(tmp_path):
    lines = ["path\tx0\ty0\tx1\ty1\tlabel", "a.png\t1\t2\t3\t4\ta, b"]
    [found] = read_csv(table(tmp_path, *lines, name="boxes.tsv"))
    assert found.boxes[0].label == "a, b"


HEADER = "path,x0,y0,x1,y1,label,split"


@pytest.mark.parametrize(
    ("lines", "what", "where"),
    [
        (["file,label", "a,b"], "no columns of the box's sides", "line 1"),
        (["x0,y0,x1,y1,label", "1,2,3,4,a"], "no column path", "line 1"),
        (["path,x0,y0,x1,y1", "a,1,2,3,4"], "no column label", "line 1"),
        ([HEADER, "a,1,2,three,4,cat,train"], "A side is no number", "line 2"),
        ([HEADER, "a,1,2,3,4,cat,train", "b,1,2"], "The line has 3 values", "line 3"),
        ([HEADER, "a,1,2,3,4,,train"], "The label is empty", "line 2"),
        ([HEADER, ",1,2,3,4,cat,train"], "The path is empty", "line 2"),
        ([HEADER, "a,1,2,3,4,cat,holdout"], "The split is 'holdout'", "line 2"),
        ([HEADER, "a,1,2,3,4,cat,train", "a,1,2,3,4,cat,test"], "is in test and in", "line 3"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, lines, what, where):
    with pytest.raises(UserError, match=what) as raised:
        read_csv(table(tmp_path, *lines))
    assert raised.value.where.endswith(where)
    assert raised.value.expected
