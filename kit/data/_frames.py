"""Tables in memory, of polars or pandas, as sources."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from kit.data._files import header_only
from kit.errors import UserError

NAME = "DataFrame"


class PandasFrame(Protocol):
    """What is needed of a pandas DataFrame, which is not imported."""

    @property
    def columns(self) -> Any: ...

    def __getitem__(self, key: Any, /) -> Any: ...


# What functions that open data take as a source.
Tabular = str | os.PathLike[str] | pl.DataFrame | pl.LazyFrame | PandasFrame


class FrameTable:
    """A table in memory; its rows are counted from 0, as polars and pandas do.

    Args:
        frame: of polars or pandas. An index of pandas is no column.

    Raises:
        UserError: two columns of one name, or a column of values of several types.
    """

    path = Path(NAME)
    name = NAME
    first_row = 0
    typed_ids = True

    def __init__(self, frame: pl.DataFrame | pl.LazyFrame | PandasFrame) -> None:
        self._frame: pl.DataFrame | pl.LazyFrame = (
            frame if isinstance(frame, pl.DataFrame | pl.LazyFrame) else _of_pandas(frame)
        )
        try:
            self.columns = tuple(self._frame.collect_schema().names())
        except pl.exceptions.PolarsError as error:
            raise _fails(error) from None

    def __str__(self) -> str:
        return NAME

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        try:
            frame = self._frame.lazy().select(columns).collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _fails(error) from None
        if frame.is_empty():
            raise header_only(self.path)
        return frame

    def read_parts(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        yield self.read(columns)

    def check_id_type(self, column: str) -> str | None:
        return None


def path_or_frame(source: Tabular) -> str | FrameTable:
    """A source as the functions that read it take it.

    Raises:
        UserError: it is neither the name of a source, a path nor a table in memory.
    """
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    module = type(source).__module__.partition(".")[0]
    if isinstance(source, pl.DataFrame | pl.LazyFrame) or (
        module == "pandas" and hasattr(source, "columns")
    ):
        return FrameTable(source)
    raise UserError(
        f"A source cannot be of the type {type(source).__name__}.",
        where="the source",
        expected="the name of a source, a path, or a DataFrame of polars or pandas",
    )


def file_or_frame(source: Tabular) -> Path | FrameTable:
    """The same where only files and tables in memory are sources, not names."""
    found = path_or_frame(source)
    return found if isinstance(found, FrameTable) else Path(found)


def _of_pandas(frame: PandasFrame) -> pl.DataFrame:
    columns = {}
    for place, label in enumerate(frame.columns):
        name = str(label)
        if name in columns:
            raise UserError(
                f"The table names column '{name}' several times.",
                where=NAME,
                expected="a name of its own for each column",
                remedy="Rename one of them.",
            )
        values = frame.iloc[:, place]  # type: ignore[attr-defined]
        columns[name] = _series(name, values)
    return pl.DataFrame(columns)


def _series(name: str, values: Any) -> pl.Series:
    kind = getattr(values.dtype, "kind", "O")
    if kind == "M" and getattr(values.dtype, "tz", None) is not None:
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
    # Types of NumPy as they are; of pandas' own (nullable integers, categories, text) the values.
    if (type(values.dtype).__module__.startswith("numpy") and kind in "biufM") or kind == "M":
        return pl.Series(name, values.to_numpy())
    missing = values.isna().tolist()
    objects = values.astype(object).tolist()
    cells = [None if gone else value for value, gone in zip(objects, missing, strict=True)]
    try:
        return pl.Series(name, cells)
    except (TypeError, pl.exceptions.PolarsError):
        raise UserError(
            "The column holds values of several types.",
            where=f"{NAME}, column {name}",
            expected="values of one type in a column",
            remedy=f"Convert it, for example: frame[{name!r}] = frame[{name!r}].astype(str)",
        ) from None


def _fails(error: Exception) -> UserError:
    return UserError(
        f"The table cannot be collected: {str(error).splitlines()[0]}",
        where=NAME,
        expected="a table whose query runs",
        remedy="Call collect() on it to see where it fails.",
    )
