from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from kit.data import _parquet
from kit.data._parquet import ParquetTable
from kit.errors import UserError


def test_columns_keep_their_types(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pl.DataFrame({"u": [1], "i": ["x"], "more": [0]}).write_parquet(file)
    opened = ParquetTable(file)
    assert opened.columns == ("u", "i", "more")
    assert opened.read(["i", "u"]).schema == {"i": pl.String, "u": pl.Int64}


def test_a_large_file_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_parquet, "ROWS_AT_ONCE", 3)
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
