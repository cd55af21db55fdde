import gzip
import lzma

import pytest

from kit.data.texts import TextSource, open_texts
from kit.errors import UserError


def test_it_holds_what_the_rows_hold():
    source = TextSource("some", ["a", None], ["row 2", "row 3"], ["x", None], None, "")
    assert source.texts[1] is None
    assert source.names[1] == "row 3"


def write(folder, text, name="reviews.csv"):
    (folder / name).write_text(text)
    return str(folder / name)


def test_columns_are_found_by_common_names(tmp_path):
    source = open_texts(write(tmp_path, 'id,Review,Class\n1," so, good ",pos\n2,,neg\n3,bad,\n'))
    assert source.texts == ["so, good", None, "bad"]
    assert source.labels == ["pos", "neg", None]
    assert source.names[1].endswith("reviews.csv, row 3")
    assert source.parts is None


def test_compressed_files_and_lines_of_json(tmp_path):
    line = b'{"text": "a b", "label": 1}\n'
    (tmp_path / "a.jsonl.xz").write_bytes(lzma.compress(line))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(line))
    for name in ("a.jsonl.xz", "b.jsonl.gz"):
        source = open_texts(str(tmp_path / name))
        assert (source.texts, source.labels) == (["a b"], ["1"])
    assert open_texts(str(tmp_path)).texts == ["a b", "a b"]


def test_files_of_a_folder_are_parts_and_name_their_columns_as_they_like(tmp_path):
    write(tmp_path, "sentence\tlabel\na\tx\n", "train.tsv")
    write(tmp_path, "label\tcontent\ny\tb\n", "dev.tsv")
    source = open_texts(str(tmp_path))
    assert (source.texts, source.labels) == (["a", "b"], ["x", "y"])
    assert source.parts == ["train", "valid"]


def test_a_column_may_say_the_part(tmp_path):
    source = open_texts(write(tmp_path, "text,label,split\na,x,train\nb,y,test\n"))
    assert source.parts == ["train", "test"]


@pytest.mark.parametrize(
    ("content", "columns", "said"),
    [
        (b"a,b\n1,2\n", {}, "No column is recognised as the text of the texts"),
        (b"text,b\n1,2\n", {}, "Name it: --label-column NAME"),
        (b"text,label\n1,2\n", {"text_column": "txt"}, "Did you mean --text-column text"),
        (b"text,label\n1,2\n", {"label_column": "text"}, "named as the text and as the label"),
        (b"text,label\n", {}, "has a header and no rows"),
        (b"", {}, "The file is empty"),
        ("text,label\ncafé,1\n".encode("latin-1"), {}, "The file is not UTF-8"),
        (b"text,label\na,b,c,d\n", {}, "4 cells"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, content, columns, said):
    (tmp_path / "some.csv").write_bytes(content)
    with pytest.raises(UserError) as error:
        open_texts(str(tmp_path / "some.csv"), **columns)
    assert said in str(error.value)


def test_damaged_files_are_named(tmp_path):
    (tmp_path / "a.csv.xz").write_bytes(lzma.compress(b"text,label\na,b\n")[:-9])
    with pytest.raises(UserError, match="not a complete xz file"):
        open_texts(str(tmp_path / "a.csv.xz"))
    (tmp_path / "a.pdf").write_text("x")
    with pytest.raises(UserError, match=r"end in '\.pdf' are not understood"):
        open_texts(str(tmp_path / "a.pdf"))


def test_an_unknown_name_is_told_the_near_one():
    with pytest.raises(UserError, match="Did you mean sentiment-labelled-sentences"):
        open_texts("sentiment-labeled-sentences")
    with pytest.raises(UserError, match="no such file or folder"):
        open_texts("some/where.csv")
