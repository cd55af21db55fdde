"""Parquet files: columns with their types."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from kit.data._compression import start_of
from kit.data._files import empty, header_only, require_regular_file, unreadable
from kit.errors import UserError

# Some corrupt files make polars panic instead of raising an error of its own.
_CORRUPT = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


ROWS_AT_ONCE = 1 << 22


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does, whatever its name."""
    try:
        return start_of(path).startswith(b"PAR1")
    except OSError as error:
        raise unreadable(path, error) from None


class ParquetTable:
    """A .parquet file."""

    first_row = 1
    typed_ids = True

    def __init__(self, path: Path) -> None:
        self.path = path
        if require_regular_file(path).st_size == 0:
            raise empty(path)
        try:
            self.columns = tuple(pl.read_parquet_schema(path))
        except _CORRUPT as error:
            raise self._corrupt(error) from None
        except OSError as error:
            raise unreadable(path, error) from None

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        return pl.concat(self.read_parts(columns))

    def read_parts(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        try:
            scan = pl.scan_parquet(self.path, glob=False)
            rows = scan.select(pl.len()).collect().item()
            if not rows:
                raise header_only(self.path)
            for start in range(0, rows, ROWS_AT_ONCE):
                yield scan.select(columns).slice(start, ROWS_AT_ONCE).collect()
        except (*_CORRUPT, OSError) as error:
            raise self._corrupt(error) from None

    def check_id_type(self, column: str) -> str | None:
        return None

    def _corrupt(self, error: BaseException) -> UserError:
        return UserError(
            "The file is not a readable Parquet file.",
            where=str(self.path),
            expected=f"Parquet ({str(error).splitlines()[0]})",
            remedy="Write or fetch it again.",
        )
