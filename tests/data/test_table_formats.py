from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from kit.data import JsonLinesTable, ParquetTable, _table_formats, is_table, open_table, stem_of
from kit.data._table_formats import kind_of
from kit.errors import UserError
from tests.data.files import write


@pytest.mark.parametrize(
    ("name", "kind", "stem"),
    [
        ("train.tsv.gz", ".tsv", "train"),
        ("Sales.CSV", ".csv", "Sales"),
        ("ml-100k.inter", ".inter", "ml-100k"),
        ("part.0.parquet", ".parquet", "part.0"),
        ("README", "", "README"),
        ("a.gz", "", "a"),
    ],
)
def test_the_name_says_the_format(name: str, kind: str, stem: str) -> None:
    assert (kind_of(Path(name)), stem_of(Path(name))) == (kind, stem)


@pytest.mark.parametrize("name", ["a.xlsx", "a", "a.parquet.gz", "a.log"])
def test_an_extension_that_is_not_understood(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("one column\n1\n")
    with pytest.raises(UserError, match=r"not understood(.|\n)*expected: \.csv, \.tsv"):
        open_table(tmp_path / name)


@pytest.mark.parametrize("name", [".hidden.csv", "_metadata.parquet", "notes.txt", "ml.item"])
def test_files_of_a_folder_that_are_no_interactions(name: str) -> None:
    assert not is_table(Path(name))


def test_atomic_files_are_not_quoted(tmp_path: Path) -> None:
    file = Path(
        write(tmp_path / "a.item", 'item_id:token\ttitle:token_seq\n1\t"Cats" & co\n2\t"\n')
    )
    assert open_table(file).read(["title:token_seq"]).to_series().to_list() == ['"Cats" & co', '"']


def table(tmp_path: Path, *lines: str) -> JsonLinesTable:
    return JsonLinesTable(Path(write(tmp_path / "a.jsonl", "".join(f"{line}\n" for line in lines))))


def test_values_come_as_text(tmp_path: Path) -> None:
    opened = table(tmp_path, '{"u": 1, "t": 1.5}', "", '{"u": 2.0, "w": "x"}')
    assert opened.columns == ("u", "t", "w")
    assert opened.read(["u", "w"]).rows() == [("1", None), ("2", "x")]


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (['{"u": 1}', '{"u": null}', '{"u": -2}', '{"u": 3.0}'], "integer"),
        (['{"u": "1"}', '{"u": "a"}'], "string"),
        (['{"u": "1", "more": {"u": 2}}'], "string"),
        (['{"u": "\\"u\\": 1"}'], "string"),
        (['{"u": null}'], None),
    ],
)
def test_the_type_of_ids(tmp_path: Path, lines: list[str], kind: str | None) -> None:
    assert table(tmp_path, *lines).check_id_type("u") == kind


def test_a_number_and_a_string_are_mixed_ids(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r'mixed(.|\n)*"1"(.|\n)*a\.jsonl, line 2, column u'):
        table(tmp_path, '{"u": 1}', '{"u": "1"}').check_id_type("u")


@pytest.mark.parametrize("value", ["[1]", '{"x": 1}', "true", "1.5"])
def test_what_cannot_be_an_id(tmp_path: Path, value: str) -> None:
    with pytest.raises(UserError, match=r"a\.jsonl, line 1"):
        table(tmp_path, f'{{"u": {value}}}', '{"u": true}').check_id_type("u")


@pytest.mark.parametrize("line", ["{broken", "[1, 2]"])
def test_a_line_that_is_no_object(tmp_path: Path, line: str) -> None:
    with pytest.raises(UserError, match=r"a\.jsonl, line 2"):
        table(tmp_path, '{"u": 1}', line)


def test_a_broken_line_far_down(tmp_path: Path) -> None:
    opened = table(tmp_path, *['{"u": 1}'] * 2000, '{"u": ')
    with pytest.raises(UserError, match="line 2001"):
        opened.read(["u"])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["[" * 100_000], "line 1"),
        (['{"u": 1}'] * 1500 + ['{"u": ' + "[" * 100_000 + "]" * 100_000 + "}"], "line 1501"),
        (['{"u": 1}', '{"u": NaN}'], r"NaN is no JSON(.|\n)*line 2"),
        (['[{"u": 1},', '{"u": 2}]'], r"jq -c '\.\[\]'"),
        (['[{"u": 1}, {"u": 2}]'], r"jq -c '\.\[\]'"),
        (["{", '"u": 1', "}"], r"jq -c \. "),
    ],
    ids=["deep", "deep later", "NaN", "list of lines", "list", "indented"],
)
def test_what_is_not_one_object_a_line(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        table(tmp_path, *lines).read(["u"])


def test_a_line_has_a_longest_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.data._table_formats._LONGEST_LINE", 1 << 20)
    long = f'{{"u": "{"x" * 2_000_000}"}}'
    with pytest.raises(UserError, match=r"longer than 1 MiB(.|\n)*line 3"):
        table(tmp_path, '{"u": 1}', '{"u": 2}', long)


def test_columns_keep_their_types(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pl.DataFrame({"u": [1], "i": ["x"], "more": [0]}).write_parquet(file)
    opened = ParquetTable(file)
    assert opened.columns == ("u", "i", "more")
    assert opened.read(["i", "u"]).schema == {"i": pl.String, "u": pl.Int64}


def test_a_large_file_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_table_formats, "ROWS_AT_ONCE", 3)
    frame = pl.DataFrame({"u": range(8), "i": list("abcdefgh")})
    file = tmp_path / "a.parquet"
    frame.write_parquet(file, row_group_size=2)
    parts = list(ParquetTable(file).read_parts(["i", "u"]))
    assert [len(part) for part in parts] == [3, 3, 2]
    assert_frame_equal(pl.concat(parts), frame.select("i", "u"))


def test_a_corrupt_file(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(b"PAR1 and then nothing that is Parquet")
    with pytest.raises(UserError, match=r"not a readable Parquet(.|\n)*a\.parquet"):
        ParquetTable(file)


def test_an_empty_file(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    file.touch()
    with pytest.raises(UserError, match=r"empty(.|\n)*a\.parquet"):
        ParquetTable(file)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        ParquetTable(tmp_path / "a.parquet")


def test_a_table_without_rows(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pl.DataFrame(schema={"u": pl.Int64}).write_parquet(file)
    with pytest.raises(UserError, match=r"no rows(.|\n)*a\.parquet"):
        ParquetTable(file).read(["u"])
