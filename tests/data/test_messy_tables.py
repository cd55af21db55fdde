"""Tables as people bring them, through the public function."""

import bz2
import gzip
import io
import lzma
import re
import shlex
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.data import Columns, Source, TableFormat, open_source
from kit.errors import UserError

USERS, ROWS = ["ana", "bo", "céline", "dmitri"], 24
LINES = ["user_id,item_id,timestamp"] + [
    f"{USERS[n % 4]},item {n % 3},{1_700_000_000 + 999 * n}" for n in range(ROWS)
]
TEXT = "\n".join(LINES) + "\n"
SWEDISH = TEXT.replace("céline", "Åsa")
RUSSIAN = TEXT.replace("céline", "Наташа")


def opened(path: Path, content: bytes | str, **how: TableFormat | Columns | str) -> Source:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_source(str(path), **how)  # type: ignore[arg-type]


def users(source: Source) -> list[str]:
    return sorted(source.interactions["user_id"].cast(str).unique())


def error_of(path: Path, content: bytes | str, **how: TableFormat | Columns) -> UserError:
    with pytest.raises(UserError) as error:
        opened(path, content, **how)
    assert str(path) in error.value.where
    return error.value


def zipped(content: bytes, *names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names or ("log.csv",):
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize("name", ["log.csv", "log.csv.gz", "log.gz", "log.csv.backup", "log"])
@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zipped, bytes])
def test_compression_is_known_by_content(
    tmp_path: Path, name: str, compress: Callable[[bytes], bytes]
) -> None:
    assert opened(tmp_path / name, compress(TEXT.encode())).rows_read == ROWS


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv.gz", gzip.compress(TEXT.encode(), mtime=0)[:-12], "not a complete gzip file"),
        ("a.csv", lzma.compress(TEXT.encode())[:-12], "not a complete xz file"),
        ("a.csv.bz2", bz2.compress(TEXT.encode())[:-12], "not a complete bzip2 file"),
        ("a.csv.gz", bytes(range(128, 256)) * 9, "named as gzip and is none"),
        ("a.zip", zipped(b"", "a.csv", "b.csv"), "holds 2 files: a.csv, b.csv"),
        ("a.csv", zipped(b"", "[Content_Types].xml", "xl/a.xml"), "workbook"),
        ("a.csv", b"\x28\xb5\x2f\xfd" + bytes(99), "compressed with zstd"),
        ("a.csv", b"<!DOCTYPE html><html>", "a web page"),
        ("a.csv", b"SQLite format 3\0" + bytes(99), "an SQLite database"),
        ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(99), "an image"),
        ("a.csv.gz", gzip.compress(bytes(257) + b"ustar", mtime=0), "a tar archive"),
        ("a.csv", TEXT.replace("bo", "b\0o"), r"NUL bytes(.|\n)*line 3"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_what_the_file_is_instead_is_said(
    tmp_path: Path, name: str, content: bytes | str, message: str
) -> None:
    assert re.search(message, str(error_of(tmp_path / name, content)))


def run_remedy(error: UserError) -> Path:
    """Run the shell command of a remedy, `do this: COMMAND, and use FILE`, in this way."""
    found = re.search(r": (.*), and use (.*)$", error.remedy)
    assert found is not None, error.remedy
    subprocess.run(found[1], shell=True, check=True)
    return Path(shlex.split(found[2])[0])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("twice.csv.gz", gzip.compress(gzip.compress(TEXT.encode()))),
        ("a log.csv", TEXT.replace("bo", "b\0o")),
        ("a.csv.gz", gzip.compress(TEXT.replace("bo", "b\0o").encode())),
    ],
)
def test_commands_of_remedies_work(tmp_path: Path, name: str, content: bytes | str) -> None:
    new = run_remedy(error_of(tmp_path / name, content))
    assert users(open_source(str(new))) == USERS


@pytest.mark.parametrize("kind", ["gzip", "xz", "bzip2"])
def test_a_small_file_that_expands_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("kit.data._compression.ALWAYS_FINE", 1 << 20)
    monkeypatch.setattr("kit.data._compression.MOST_TIMES", 2)
    compress: Callable[[bytes], bytes] = {
        "gzip": gzip.compress,
        "xz": lzma.compress,
        "bzip2": bz2.compress,
    }[kind]
    content = compress(b"user_id,item_id\n" + b"u1,i1\n" * 400_000)
    assert "expands to more than 1 MiB" in str(error_of(tmp_path / "bomb.csv", content))


@pytest.mark.parametrize("name", ["log.csv", "log.csv.gz"])
def test_a_file_that_does_not_fit_into_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("kit.data._compression.available_memory", lambda: 100)
    content = gzip.compress(TEXT.encode()) if name.endswith("gz") else TEXT.encode()
    error = error_of(tmp_path / name, content)
    assert "there is memory for 60 bytes" in error.what
    assert "head -n 1000000" in error.remedy


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
)
def test_encodings_that_show_themselves_are_read(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-32-be" else ""
    for ends in ("\n", "\r\n"):
        content = (mark + TEXT.replace("\n", ends)).encode(encoding)
        assert users(opened(tmp_path / "a.csv", content)) == USERS


@pytest.mark.parametrize(
    ("text", "encoding", "user"),
    [
        (TEXT, "latin-1", "céline"),
        (SWEDISH, "windows-1252", "Åsa"),
        (TEXT.replace("céline", "Łukasz Żak"), "windows-1250", "Łukasz Żak"),
        (RUSSIAN, "windows-1251", "Наташа"),
        (RUSSIAN, "koi8-r", "Наташа"),
        (TEXT.replace("céline", "Ελένη"), "windows-1253", "Ελένη"),
        (TEXT.replace("céline", "さくら"), "shift_jis", "さくら"),
        (TEXT.replace("céline", "小明的书"), "gb18030", "小明的书"),
        (TEXT.replace("céline", "김민지는"), "euc-kr", "김민지는"),
    ],
)
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_the_remedy_for_another_encoding_gives_the_ids(
    tmp_path: Path, text: str, encoding: str, user: str, compress: Callable[[bytes], bytes]
) -> None:
    content = compress(text.encode(encoding))
    error = error_of(tmp_path / "a.csv", content)
    assert "line 4" in error.where
    found = re.match(r"Add --encoding (\S+) if '(.+?)' is right", error.remedy)
    assert found is not None
    assert found[2] in user
    assert user in users(opened(tmp_path / "a.csv", content, format=TableFormat(encoding=found[1])))


def test_an_encoding_is_for_files_that_are_not_utf_8(tmp_path: Path) -> None:
    how = TableFormat(encoding="windows-1252")
    assert users(opened(tmp_path / "a.csv", TEXT, format=how)) == USERS
    assert users(opened(tmp_path / "b.csv", TEXT.encode("utf-16"), format=how)) == USERS


@pytest.mark.parametrize("name", ["klingon", "base64", ""])
def test_an_encoding_that_is_none(name: str) -> None:
    with pytest.raises(UserError, match="--encoding"):
        TableFormat(encoding=name)


@pytest.mark.parametrize("ends", ["\r", "\r\n", "\r\r\n"])
def test_line_ends(tmp_path: Path, ends: str) -> None:
    source = opened(tmp_path / "a.csv", TEXT.replace("\n", ends))
    assert (source.rows_read, users(source)) == (ROWS, USERS)


def test_mixed_line_ends(tmp_path: Path) -> None:
    mixed = TEXT.replace("\n", "\r", 5).replace("\n", "\r\n", 5)
    assert opened(tmp_path / "a.csv", mixed).rows_read == ROWS


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "::"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.dat", "a.csv.gz"])
def test_separators_are_detected(tmp_path: Path, separator: str, name: str) -> None:
    assert users(opened(tmp_path / name, TEXT.replace(",", separator))) == USERS


def test_a_separator_that_also_stands_in_cells(tmp_path: Path) -> None:
    text = TEXT.replace(",", ";").replace("item 1", "item 1, blue, large").replace("bo", "b|o")
    assert set(opened(tmp_path / "a.csv", text).interactions["item_id"].cast(str)) == {
        "item 0",
        "item 1, blue, large",
        "item 2",
    }


@pytest.mark.parametrize(("named", "sign"), [("space", " "), ("#", "#"), ("=>", "=>")])
def test_a_separator_can_be_named(tmp_path: Path, named: str, sign: str) -> None:
    text = TEXT.replace("item ", "item").replace(",", sign)
    assert users(opened(tmp_path / "a.csv", text, format=TableFormat(separator=named))) == USERS


@pytest.mark.parametrize("separator", ['"', "\n", "", "→"])
def test_a_separator_that_is_none(separator: str) -> None:
    with pytest.raises(UserError, match="--separator"):
        TableFormat(separator=separator)


def test_the_first_line_of_a_spreadsheet_may_say_the_separator(tmp_path: Path) -> None:
    text = "sep=|\n" + TEXT.replace(",", "|")
    assert users(opened(tmp_path / "a.csv", text)) == USERS
    bad = text.replace("999|", "999||").replace("000|", "000||") + "ana|item 1|2|3\n"
    assert f"line {ROWS + 3}" in error_of(tmp_path / "a.csv", bad).where


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{n % 5}\t{n % 3}\t{n % 2 + 3}\t{881_250_949 + n}\n" for n in range(20)),
        "".join(f"user {n % 5}\tfilm {n % 3}\t{n % 2 + 3}\t{881_250_949 + n}\n" for n in range(20)),
    ],
)
def test_a_file_without_header_and_its_remedy(tmp_path: Path, text: str) -> None:
    error = error_of(tmp_path / "a.tsv", text)
    assert "line 1" in error.where
    assert "--no-header --user-column 1 --item-column 2 --time-column 4" in error.remedy
    columns = Columns(user="1", item="2", time="4")
    source = opened(tmp_path / "a.tsv", text, format=TableFormat(header=False), columns=columns)
    assert source.rows_read == 20
    assert source.interactions["time"].min() == 881_250_949


@pytest.mark.parametrize(
    "header", ["a,b", "1,2", "0,1", "2019,2020", "user_id,881250949", "Name,100"]
)
def test_names_of_columns_are_no_data(tmp_path: Path, header: str) -> None:
    rows = "".join(f"{n % 5},{n % 3}\n" for n in range(9))
    columns = Columns(user=header.split(",")[0], item=header.split(",")[1])
    assert opened(tmp_path / "a.csv", f"{header}\n{rows}", columns=columns).rows_read == 9


def test_a_first_row_of_numbers_may_be_said_to_be_names(tmp_path: Path) -> None:
    text = "17,23\n" + "".join(f"{n % 5},{n % 3}\n" for n in range(9))
    assert "--header" in error_of(tmp_path / "a.csv", text).remedy
    columns = Columns(user="17", item="23")
    source = opened(tmp_path / "a.csv", text, format=TableFormat(header=True), columns=columns)
    assert source.rows_read == 9


def test_names_of_columns_lose_blanks(tmp_path: Path) -> None:
    text = TEXT.replace("user_id,item_id", " user_id ,\titem_id ")
    assert users(opened(tmp_path / "a.csv", text, columns=Columns(user="user_id"))) == USERS


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    error = error_of(tmp_path / "a.csv", TEXT.replace("timestamp", "item_id"))
    assert "'item_id' 2 times" in error.what


@pytest.mark.parametrize("row", [1, 9, ROWS])
def test_a_row_with_too_many_cells_is_named(tmp_path: Path, row: int) -> None:
    lines = [*LINES]
    lines[row] += ",more"
    assert f"line {row + 1}" in error_of(tmp_path / "a.csv", "\n".join(lines)).where


def test_a_first_line_without_end_is_refused(tmp_path: Path) -> None:
    error = error_of(tmp_path / "a.csv", "user_id,item_id" * 100_000)
    assert "1,500,000 bytes" in error.what


def with_quotes(*places: tuple[int, str]) -> str:
    """A tab-separated log in which items of some rows have quotes."""
    lines = [line.replace(",", "\t") for line in LINES]
    for row, item in places:
        lines[row] = re.sub("item .", item, lines[row])
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "places",
    [
        [(3, '"Heroes'), (20, 'Heroes"')],
        [(3, '"Heroes'), (4, 'Heroes"')],
        [(2, '"a'), (5, 'b"'), (10, '"c'), (12, 'd"')],
        [(1, '"a'), (ROWS, 'b"')],
    ],
)
def test_stray_quotes_that_swallow_rows_are_refused(
    tmp_path: Path, places: list[tuple[int, str]]
) -> None:
    text = with_quotes(*places)
    for name, written in (("a.tsv", text), ("a.csv", text.replace("\t", ","))):
        error = error_of(tmp_path / name, written)
        assert f"line {places[0][0] + 1}" in error.where
        assert "--quote none" in error.remedy
        source = opened(tmp_path / name, written, format=TableFormat(quote="none"))
        assert source.rows_read == ROWS
        assert places[0][1] in source.interactions["item_id"].cast(str).to_list()
        error = error_of(tmp_path / name, written, format=TableFormat(quote="double"))
        assert "line break" in error.what
        assert f"row {places[0][0] + 1}" in error.where


@pytest.mark.parametrize(
    "places",
    [
        [(5, '7" single')],
        [(5, '7" single'), (9, '12" single')],
        [(4, '"never closed')],
        [(4, 'The "best"'), (8, 'of"')],
        [(4, '"Best" of'), (8, '"')],
    ],
)
def test_quotes_that_cannot_enclose_cells_are_text(
    tmp_path: Path, places: list[tuple[int, str]]
) -> None:
    source = opened(tmp_path / "a.tsv", with_quotes(*places))
    assert source.rows_read == ROWS
    assert {item for _, item in places} <= set(source.interactions["item_id"].cast(str))


@pytest.mark.parametrize(
    "places", [[(5, '7" single'), (9, '"item 1"')], [(2, '"x" y'), (3, '"z"')]]
)
def test_quotes_of_both_kinds_are_refused_with_the_line(
    tmp_path: Path, places: list[tuple[int, str]]
) -> None:
    error = error_of(tmp_path / "a.tsv", with_quotes(*places))
    assert f"line {places[0][0] + 1}" in error.where
    assert "--quote none" in error.remedy
    how = TableFormat(quote="none")
    assert opened(tmp_path / "a.tsv", with_quotes(*places), format=how).rows_read == ROWS


def test_a_stray_quote_beside_quoted_separators_is_named(tmp_path: Path) -> None:
    lines = [*LINES]
    lines[4] = lines[4].replace("item", '"item, new"')
    lines[6] = lines[6].replace("item", '7"')
    error = error_of(tmp_path / "a.csv", "\n".join(lines))
    assert "--quote" not in error.remedy
    assert re.search("line [57]", error.where)


@pytest.mark.parametrize(
    "titles",
    [
        ['"A title\nof two lines"', '"another, with ""quotes"""', "plain"],
        ['"Hello\nWorld, again"', "plain", "plain"],
        ['"one\n\ntwo\nthree, four"', '"five\nsix"', '""'],
    ],
)
def test_quoted_titles_of_several_lines_are_read(tmp_path: Path, titles: list[str]) -> None:
    items = tmp_path / "items.csv"
    rows = [f"item {n},{title}" for n, title in enumerate(titles)]
    items.write_text("item_id,title\n" + "\n".join(rows) + "\n")
    source = opened(tmp_path / "a.csv", TEXT, items=str(items))
    assert source.items is not None
    assert source.items["title"].to_list() == [
        title[1:-1].replace('""', '"') if title[0] == '"' else title for title in titles
    ]


def test_items_may_be_written_in_another_way(tmp_path: Path) -> None:
    items = tmp_path / "u.item"
    items.write_bytes("item_id|title\nitem 0|Café\nitem 1|Straße\n".encode("latin-1"))
    text = "\n".join(LINES[1:]).replace(",", "\t")
    how = TableFormat(header=False, encoding="latin-1")
    columns = Columns(user="1", item="2", time="3")
    source = opened(tmp_path / "u.data", text, items=str(items), format=how, columns=columns)
    assert source.items is not None
    assert source.items["title"].to_list() == ["Café", "Straße"]
