"""Every kind of data understands the same names of the parts of a split."""

import polars as pl
import pytest

from kit.data import is_split, open_source, part_of, parts_in, split
from kit.data._parts import NAMES
from kit.data.detection import open_detection, split_detection
from kit.data.images import open_images, split_images
from kit.data.table import open_ranking, split_ranking
from kit.data.text2text import open_text2text, split_text2text
from kit.data.texts import open_texts, split_texts
from kit.errors import UserError
from tests.data.images.files import image

ROWS = 90
IMAGES = {f"{number}.png": image(40 + 150 * (number % 2) + number) for number in range(ROWS)}


def lines(header, row, column):
    return "\n".join([f"{header},{column}", *(row(n) for n in range(ROWS))]) + "\n"


def write(folder, header, row, column, names):
    """A table with a column of parts: every third row of it is of the second."""
    text = lines(header, lambda n: f"{row(n)},{names[n % 3 == 2]}", column)
    (folder / "data.csv").write_text(text)
    for name, content in IMAGES.items():
        (folder / name).write_bytes(content)
    return str(folder / "data.csv")


def texts(folder, *how):
    path = write(folder, "text,label", lambda n: f"text {n},{'ab'[n // 3 % 2]}", *how)
    return split_texts(open_texts(path))


def images(folder, *how):
    path = write(folder, "path,label", lambda n: f"{n}.png,{'ab'[n // 3 % 2]}", *how)
    return split_images(open_images(path))


def pairs(folder, *how):
    path = write(folder, "source,target", lambda n: f"one {n},two {n}", *how)
    return split_text2text(open_text2text(path))


def tables(folder, *how):
    path = write(folder, "age,label", lambda n: f"{n % 7},{n // 3 % 2}", *how)
    return split_ranking(open_ranking(path))


def interactions(folder, *how):
    path = write(folder, "user_id,item_id", lambda n: f"u{n % 4},i{n % 5}", *how)
    return split(open_source(path))


def detection(folder, *how):
    path = write(folder, "path,xmin,ymin,xmax,ymax,label", lambda n: f"{n}.png,1,1,5,5,a", *how)
    return split_detection(open_detection(path))


KINDS = [texts, images, pairs, tables, interactions, detection]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("train", "held"), [("train", "test"), ("Training", "VAL")])
def test_a_column_of_parts_is_a_split_of_every_kind(tmp_path, kind, train, held):
    data = kind(tmp_path, "split", [train, held])
    assert data.split.startswith("given: ")
    assert len(data.test) == ROWS // 3
    assert len(data.train) + len(data.valid) == 2 * ROWS // 3
    assert len(data.valid)
    is_test = part_of(held) == "test"
    assert ("test is its valid part" in data.split) != is_test or kind is detection


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("names", [["train", "holdout"], ["training", ""], ["fit", "test"]])
def test_a_value_that_is_no_part_is_refused_by_every_kind(tmp_path, kind, names):
    with pytest.raises(UserError) as error:
        kind(tmp_path, "split", names)
    wrong = next(name for name in names if part_of(name) is None)
    assert wrong in error.value.what
    assert "data.csv, row" in error.value.where or "data.csv, line" in error.value.where
    assert "validation" in error.value.expected


@pytest.mark.parametrize("kind", [texts, images, pairs, interactions])
@pytest.mark.parametrize("column", ["subset"])
def test_other_columns_of_these_names_are_not_touched(tmp_path, kind, column):
    assert kind(tmp_path, column, ["wheel", "door"]).split_method != "given"
    assert kind(tmp_path, "split", ["train", "train"]).split_method != "given"


def test_the_parts_are_no_feature_of_a_table(tmp_path):
    data = tables(tmp_path, "split", ["train", "test"])
    assert [feature.name for feature in data.schema.features] == ["age"]
    assert "set" in tables(tmp_path, "set", ["x", "y"]).train.features.columns


def folder_of(folder, name, rows):
    (folder / name).mkdir(parents=True, exist_ok=True)
    for n in rows:
        place = folder / name / "ab"[n % 2]
        place.mkdir(exist_ok=True)
        (place / f"{n}.png").write_bytes(IMAGES[f"{n}.png"])


@pytest.mark.parametrize(("train", "held"), [("train", "testing"), ("Training", "Eval")])
def test_folders_of_parts_are_no_classes(tmp_path, train, held):
    folder_of(tmp_path, train, range(16))
    folder_of(tmp_path, held, range(16, 24))
    data = split_images(open_images(str(tmp_path)), seed=3)
    assert data.classes == ("a", "b")
    assert (len(data.train), len(data.valid), len(data.test)) == (14, 2, 8)
    assert "seed 3" in data.split


def test_folders_beside_parts_are_refused(tmp_path):
    for name in ("train", "val", "extra"):
        folder_of(tmp_path, name, range(4))
    with pytest.raises(UserError, match="parts of a split and others: extra"):
        open_images(str(tmp_path))
    (tmp_path / "extra").rename(tmp_path / "validation")
    with pytest.raises(UserError, match="Two folders are the valid part: val, validation"):
        open_images(str(tmp_path))


def test_one_part_alone_is_split_and_a_class_may_be_called_train(tmp_path):
    folder_of(tmp_path / "one", "train", range(ROWS))
    data = split_images(open_images(str(tmp_path / "one")))
    assert (data.classes, data.split_method) == (("a", "b"), "random")
    for name in ("test", "val"):
        folder_of(tmp_path / "two", name, range(ROWS))
    with pytest.raises(UserError, match="holds no train part"):
        open_images(str(tmp_path / "two"))
    for name in ("train", "bus"):
        (tmp_path / "vehicles" / name).mkdir(parents=True)
        for n in range(10):
            (tmp_path / "vehicles" / name / f"{n}.png").write_bytes(IMAGES[f"{n}.png"])
    assert set(open_images(str(tmp_path / "vehicles")).labels) == {"train", "bus"}


@pytest.mark.parametrize("held", ["test", "evaluation", "validation", "dev"])
@pytest.mark.parametrize(
    ("opened", "header", "row"),
    [
        (lambda p: split_texts(open_texts(p)), "text,label", "text {n},{label}"),
        (lambda p: split_text2text(open_text2text(p)), "source,target", "one {n},two {n}"),
        (lambda p: split_ranking(open_ranking(p)), "age,label", "{n},{label}"),
        (lambda p: split(open_source(p)), "user_id,item_id", "u{user},i{n}"),
    ],
    ids=["texts", "pairs", "tables", "interactions"],
)
def test_files_of_parts_are_a_split(tmp_path, held, opened, header, row):
    for name, some in (("Training", range(60)), (held, range(60, 70))):
        rows = [row.format(n=n, label="ab"[n % 2], user=n % 3) for n in some]
        if "age" in header:
            rows = [one.replace(",a", ",0").replace(",b", ",1") for one in rows]
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n")
    data = opened(str(tmp_path))
    assert len(data.test) == 10
    assert data.split.startswith("given: ")


def test_lines_of_two_languages_have_the_same_names(tmp_path):
    for part, count in (("training", 60), ("dev", 4)):
        for language in ("en", "de"):
            rows = [f"{language} {part} {n}" for n in range(count)]
            (tmp_path / f"{part}.{language}").write_text("\n".join(rows))
    data = split_text2text(open_text2text(str(tmp_path)))
    assert (len(data.test), "test is its valid part" in data.split) == (4, True)


def test_parts_of_several_files_are_one_column(tmp_path):
    for name, part in (("a", "train"), ("b", "test")):
        rows = [f"u{n % 3},i{n},{part}" for n in range(9)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["user_id,item_id,split", *rows]))
    data = split(open_source(str(tmp_path)))
    assert (data.split_method, len(data.test)) == ("given", 9)
    (tmp_path / "c.csv").write_text("user_id,item_id\nu1,i1\n")
    with pytest.raises(UserError, match=r"names no part(.|\n)*c\.csv, row 2"):
        open_source(str(tmp_path))


def test_names_of_parts_are_one_table():
    assert {part_of(f" {name.upper()}") for names in NAMES.values() for name in names} == set(NAMES)
    assert part_of("trainer") is None
    assert part_of(None) is None
    assert not is_split(["train", None])
    assert is_split(["train", "valid", None])
    values = pl.Series("split", ["test", "valid"])
    with pytest.raises(UserError, match="no train part"):
        parts_in(values, lambda row: f"a.csv, row {row}")
