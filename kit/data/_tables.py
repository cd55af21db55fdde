"""A file of rows: its columns, and the rows of some of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import polars as pl

from kit.data._delimited import DelimitedTable
from kit.data._files import read_text, require_regular_file
from kit.data._frames import FrameTable
from kit.data._json_lines import JsonLinesTable
from kit.data._parquet import ParquetTable, is_parquet
from kit.data._separators import detect_separator, sample_of
from kit.data._table_format import DETECTED, TableFormat
from kit.errors import UserError

_DELIMITED = {".csv": ",", ".tsv": "\t", ".txt": "\t", ".dat": ",", ".data": "\t"}
_ATOMIC = (".inter", ".item", ".user")  # RecBole: tab-separated, never quoted, typed header
_OTHER = (".xlsx", ".xls", ".parquet")  # known, and read as nothing else
COMPRESSED = (".gz", ".xz", ".bz2", ".zip")
INTERACTION_SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet", ".inter")


class Table(Protocol):
    """One opened file.

    Attributes:
        path: the file.
        columns: the names in its header.
        first_row: the number a person gives to the first row of data.
        typed_ids: whether ids tell integer from string (Parquet, JSON) or are text (CSV).
    """

    path: Path
    columns: tuple[str, ...]
    first_row: int
    typed_ids: bool

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        """The rows, only these columns."""
        ...

    def read_parts(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The same some million rows at a time, where the format allows it."""
        ...

    def check_id_type(self, column: str) -> str | None:
        """'integer' or 'string' where only the file can tell, None where the dtype does."""
        ...


def kind_of(path: Path) -> str:
    """The extension that says the format, without .gz and its like: `sales.csv.gz` is '.csv'."""
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if suffixes and suffixes[-1] in COMPRESSED:
        return suffixes[-2] if len(suffixes) == 2 else ""
    return suffixes[-1] if suffixes else ""


def stem_of(path: Path) -> str:
    """The name without its extensions: `train.tsv.gz` is 'train'."""
    is_compressed = path.suffix.lower() in COMPRESSED
    return Path(path.stem if is_compressed else path.name).stem


def is_table(path: Path) -> bool:
    """Whether a file of a folder holds interactions, by its name."""
    return kind_of(path) in INTERACTION_SUFFIXES and not path.name.startswith((".", "_"))


def open_table(path: Path | FrameTable, format: TableFormat = DETECTED) -> Table:
    """Open a file by its extension; one that says no format, by its content.

    Args:
        path: the file, or a table in memory.
        format: how text tables are written, where their content does not show it.

    Raises:
        UserError: no known format, or the file cannot be read.
    """
    if isinstance(path, FrameTable):
        return path
    kind = kind_of(path)
    require_regular_file(path)
    if (kind == ".parquet" and path.suffix.lower() not in COMPRESSED) or is_parquet(path):
        return ParquetTable(path)
    if kind in _DELIMITED:
        return DelimitedTable(path, separator=_DELIMITED[kind], format=format)
    if kind in _ATOMIC:
        return DelimitedTable(path, separator="\t", quoted=False, format=format)
    if kind == ".jsonl":
        return JsonLinesTable(path, format)
    if kind not in _OTHER:
        content = read_text(path, format)
        sample = sample_of(content)
        if sample.startswith(("{", "[")):
            return JsonLinesTable(path, format)
        if format.separator or detect_separator(sample, ","):
            return DelimitedTable(path, separator=",", format=format, content=content)
    raise UserError(
        f"Files that end in '{path.suffix}' are not understood.",
        where=str(path),
        expected=".csv, .tsv, .txt, .jsonl (each also compressed), .parquet, .inter",
        remedy="Rename or convert the file.",
    )
