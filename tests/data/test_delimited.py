from pathlib import Path

import polars as pl
import pytest

from kit.data import DelimitedTable
from kit.errors import UserError
from tests.data.files import write


def table(tmp_path: Path, text: str, *, separator: str = ",") -> DelimitedTable:
    return DelimitedTable(Path(write(tmp_path / "a.csv", text)), separator=separator)


def test_every_cell_is_text_and_an_empty_one_is_null(tmp_path: Path) -> None:
    rows = table(tmp_path, "a,b\n007,1.0\n,x\n").read(["b", "a"])
    assert rows.rows() == [("1.0", "007"), ("x", None)]


def test_quoted_cells_hold_separators_and_line_ends(tmp_path: Path) -> None:
    rows = table(tmp_path, '"a b",c\n"1,2","x\ny"\n').read(["a b", "c"])
    assert rows.rows() == [("1,2", "x\ny")]


def test_a_header_without_rows(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no rows(.|\n)*a\.csv"):
        table(tmp_path, "a,b\n").read(["a"])


def test_a_row_with_too_many_cells(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"3 cells(.|\n)*has 2(.|\n)*a\.csv, line 2(.|\n)*remedy"):
        table(tmp_path, "a,b\n1,2,3\n").read(["a", "b"])


def test_a_name_twice_in_the_header(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'a' 2 times(.|\n)*a\.csv"):
        table(tmp_path, "a,a\n1,2\n").read(["a"])


@pytest.mark.parametrize("size", [0, 1, 7, 30, 1000])
def test_parts_are_the_whole(size: int, tmp_path: Path) -> None:
    rows = ["u1,5,plain", 'u2,6,"two\nlines, a ""comma"""', "u3,,", "", 'u4,8,"x"', "u5"]
    for text in ("\n\nuser,n,text\n" + "\n".join(rows), "\r\n".join(["user,n,text", *rows, ""])):
        (tmp_path / "log.csv").write_bytes(text.encode())
        table = DelimitedTable(tmp_path / "log.csv", separator=",")
        parts = list(table.read_parts(["text", "user"], size=size))
        assert pl.concat(parts).equals(table.read(["text", "user"]), null_equal=True)
        assert (len(parts) == 1) == (size == 1000)


def test_an_error_in_other_lines_of_a_table_names_its_line(tmp_path: Path) -> None:
    whole = table(tmp_path, "user::item\na::b\n")
    assert whole.of_lines(b"c::d\n", 22).read(["item", "user"]).rows() == [("d", "c")]
    with pytest.raises(UserError, match=r"3 cells, the first row has 2(.|\n)*line 23"):
        whole.of_lines(b"c::d\na::b::c\n", 22).read(["user", "item"])
