"""Comma- and tab-separated files: every cell is text."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from kit.data._files import header_only, read_text
from kit.errors import UserError


class DelimitedTable:
    """A .csv or .tsv file, or one of RecBole's atomic files.

    Cells are not interpreted: an id "007" stays "007". An empty cell is null.
    """

    first_row = 2  # the header is row 1
    typed_ids = False

    def __init__(self, path: Path, *, separator: str, quote: str | None = '"') -> None:
        self.path = path
        self._separator, self._quote = separator, quote
        self._content = read_text(path)
        names = self._parse(has_header=False, n_rows=1).row(0)
        self.columns = tuple("" if name is None else str(name) for name in names)

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        for column in columns:
            if self.columns.count(column) > 1:
                raise UserError(
                    f"The header names column '{column}' {self.columns.count(column)} times.",
                    where=str(self.path),
                    remedy="Rename one of them.",
                )
        frame = self._parse(columns=list(columns)).select(columns)
        if frame.is_empty():
            raise header_only(self.path)
        return frame

    def read_parts(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        yield self.read(columns)

    def check_id_type(self, column: str) -> str | None:
        return None

    def _parse(
        self,
        *,
        has_header: bool = True,
        n_rows: int | None = None,
        columns: list[str] | None = None,
    ) -> pl.DataFrame:
        try:
            return pl.read_csv(
                io.BytesIO(self._content),
                separator=self._separator,
                quote_char=self._quote,
                has_header=has_header,
                n_rows=n_rows,
                columns=columns,
                infer_schema=False,
            )
        except pl.exceptions.PolarsError as error:
            raise UserError(
                f"The file does not parse: {str(error).splitlines()[0]}",
                where=str(self.path),
                expected="the same number of cells in every row, quotes closed",
                remedy="Mend the row, or write the table as Parquet.",
            ) from None
