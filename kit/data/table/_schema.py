"""The features of a table, and its columns in their types."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import polars as pl

from kit.data._columns import find_named
from kit.data._ids import BLANKS, is_missing, stripped
from kit.data._numbers import numbers_note, read_numbers
from kit.errors import UserError

Kind = Literal["id", "category", "number", "text", "list"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_KEYS = {"name", "kind", "table", "decimal"}
HISTORY = "history"


@dataclass(frozen=True)
class Feature:
    """One column a model reads.

    Args:
        name: of the column.
        kind: "id" and "category", one value; "number"; "text", words; "list", several ids, as the
            cell `a|b|c` or a list of JSON or Parquet.
        table: a feature whose values it shares, as a list of item ids shares those of the item;
            None for values of its own.
        decimal: the decimal sign of a number, "." or ","; None finds it in the column.
    """

    name: str
    kind: Kind
    table: str | None = None
    decimal: str | None = None

    @property
    def table_name(self) -> str:
        """Name of its table of values."""
        return self.table or self.name


@dataclass(frozen=True)
class Schema:
    """The features of a table, in the order of its columns.

    Args:
        features: what the model reads.
        left_out: column to the reason why it is no feature.
        notes: lines on columns whose kind is doubtful.

    Example:

    >>> schema = Schema((Feature("age", "number"), Feature("city", "category")), {})
    >>> print(schema.as_json())
    {
      "features": [
        {"name": "age", "kind": "number"},
        {"name": "city", "kind": "category"}
      ],
      "left_out": {}
    }
    """

    features: tuple[Feature, ...]
    left_out: Mapping[str, str]
    notes: tuple[str, ...] = field(default=(), compare=False)

    def as_json(self) -> str:
        """Text that `read_schema` reads; a feature a line, to be changed by hand."""
        lines = [
            json.dumps({k: v for k, v in vars(feature).items() if v}, ensure_ascii=False)
            for feature in self.features
        ]
        features = ",\n    ".join(lines)
        left_out = json.dumps(dict(self.left_out), indent=4, ensure_ascii=False)
        left_out = left_out.replace("\n}", "\n  }")
        return f'{{\n  "features": [\n    {features}\n  ],\n  "left_out": {left_out}\n}}'

    def of_kind(self, *kinds: Kind) -> list[Feature]:
        """The features of some kinds."""
        return [feature for feature in self.features if feature.kind in kinds]


def schema_from(content: Any, *, where: str) -> Schema:
    """A schema from what its JSON holds.

    Raises:
        UserError: it is not of the form that `Schema.as_json` writes.
    """
    listed = content.get("features") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not listed:
        raise UserError(
            "The schema holds no list of features.",
            where=where,
            expected='{"features": [{"name": "age", "kind": "number"}, ...]}',
            remedy="Begin with what --print-schema prints.",
        )
    features = tuple(
        _feature(entry, where=f"{where}, feature {number}")
        for number, entry in enumerate(listed, start=1)
    )
    names = [feature.name for feature in features]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UserError(f"The feature {twice[0]!r} stands twice in the schema.", where=where)
    for feature in features:
        other = {f.name: f for f in features}.get(feature.table or "")
        if feature.table and (
            other is None or other.table or "number" in (other.kind, feature.kind)
        ):
            raise UserError(
                f"The feature {feature.name!r} cannot share the table {feature.table!r}.",
                where=where,
                expected="another feature that has values of its own and is no number",
                remedy='Name it in "table", or leave "table" out.',
            )
    left_out = content.get("left_out", {})
    return Schema(features, left_out if isinstance(left_out, dict) else {})


def _feature(entry: Any, *, where: str) -> Feature:
    right = isinstance(entry, dict) and isinstance(entry.get("name"), str)
    right = right and entry.get("decimal") in (None, ".", ",")
    if not right or entry.get("kind") not in KINDS or not set(entry) <= _KEYS:
        raise UserError(
            f"This is no feature: {json.dumps(entry, ensure_ascii=False)}.",
            where=where,
            expected=f"name; kind: {', '.join(KINDS)}; maybe table, or decimal: . or ,",
            remedy='Write it like {"name": "age", "kind": "number"}.',
        )
    return Feature(entry["name"], entry["kind"], entry.get("table"), entry.get("decimal"))


def read_schema(path: Path, columns: Sequence[str]) -> Schema:
    """The schema of a file, as `--print-schema` prints it.

    Args:
        path: a JSON file.
        columns: those of the data.

    Raises:
        UserError: no such file, no JSON, no schema, or a feature the data do not have.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"The schema cannot be read: {error.strerror}.",
            where=f"--schema {path}",
            remedy="Check the path; --print-schema > FILE writes one.",
        ) from None
    except ValueError as error:
        raise UserError(
            f"The schema is not JSON: {error}.",
            where=f"--schema {path}",
            remedy="Begin with what --print-schema prints.",
        ) from None
    schema = schema_from(content, where=f"--schema {path}")
    schema = without_history(schema, columns)
    check_columns(schema, columns, where=f"--schema {path}")
    return schema


def check_columns(schema: Schema, columns: Sequence[str], *, where: str) -> None:
    """Raise `UserError` where the data lack a feature."""
    for feature in schema.features:
        find_named(feature.name, columns, option="the name", where=where)


def without_history(schema: Schema, columns: Sequence[str]) -> Schema:
    """Without the history that a split adds, where the data hold none."""
    kept = [f for f in schema.features if f.name != HISTORY or f.name in columns]
    return Schema(tuple(kept), schema.left_out)


SEPARATOR = "|"

Locate = Callable[[int], str]
"""The row of a column -> file and row, as a person counts them."""


class Typed(NamedTuple):
    """A column as the kind of its feature wants it.

    Args:
        values: String, Float32 or List(String).
        infinite: numbers that were not finite and are now missing.
        notes: lines on how cells were read.
    """

    values: pl.Series
    infinite: int = 0
    notes: Sequence[str] = ()


def typed(values: pl.Series, kind: Kind, locate: Locate, *, decimal: str | None = None) -> Typed:
    """The values of a feature; missing ones are null, or NaN among numbers.

    Args:
        values: the column as read.
        kind: of the feature.
        locate: names the place of a row, for errors.
        decimal: the decimal sign of numbers, "." or ","; None finds it.

    Raises:
        UserError: a cell that is not of the kind; of numbers a few are missing values, see
            `kit.data._numbers.Numbers.is_column`.

    Example:

    >>> typed(pl.Series(["a|b", None]), "list", str)[0].to_list()
    [['a', 'b'], None]
    """
    if kind == "list":
        return Typed(_lists(values))
    if kind == "number":
        return _numbers(values, decimal, locate)
    if isinstance(values.dtype, pl.List):
        raise UserError(
            f"Column '{values.name}' holds lists, not one value a row.",
            where=locate(0),
            expected=f"one value, as a feature of kind {kind} has",
            remedy='Give it the kind "list" in the schema.',
        )
    cells = text(values)
    return Typed(cells.set(is_missing(cells), None) if kind == "id" else cells)


def text(values: pl.Series) -> pl.Series:
    """Any column as text without blanks at its ends; empty text is null, 3.0 is "3"."""
    if values.dtype == pl.Boolean:
        # As integers: a reader of CSV would see either, and models are asked with text.
        values = values.cast(pl.String)
    elif values.dtype.is_float():
        whole = (values == values.floor()).fill_null(True) & (values.abs() < 2**53).fill_null(True)
        values = values.fill_nan(None)
        values = (
            values.cast(pl.Int64, strict=False)
            .cast(pl.String)
            .zip_with(whole, values.cast(pl.String))
        )
    elif values.dtype == pl.Binary:
        values = values.cast(pl.String, strict=False)
    else:
        values = values.cast(pl.String)
    return stripped(values)


def _numbers(values: pl.Series, decimal: str | None, locate: Locate) -> Typed:
    notes: list[str] = []
    if values.dtype in (pl.Date, pl.Datetime):
        numbers = values.dt.epoch("s").cast(pl.Float64)
    elif values.dtype.is_numeric() or values.dtype == pl.Boolean:
        numbers = values.cast(pl.Float64)
    elif values.dtype == pl.List:
        raise UserError(
            f"Column '{values.name}' holds lists, not numbers.",
            where=locate(0),
            remedy='Give it the kind "list" in the schema.',
        )
    else:
        cells = text(values)
        read = read_numbers(cells, decimal)
        if read.odd.any() and not read.is_column():
            row = int((read.odd & ~read.words).arg_max() or 0)
            count = int(read.odd.sum())
            raise UserError(
                f"'{values[row]}' is no number ({count:,} such cell{'s' if count > 1 else ''}).",
                where=locate(row),
                expected=f"numbers in column '{values.name}'; empty cells are missing values",
                remedy='Mend the cell, or give the column the kind "category" in the schema.',
            )
        numbers, notes = read.values, numbers_note(values.name, cells, read, locate)
    numbers = numbers.fill_nan(None)
    single = numbers.cast(pl.Float32)
    finite = single.is_finite().fill_null(True)
    values = single.set(~finite, None).fill_null(float("nan"))
    return Typed(values, int((~finite).sum()), notes)


def _lists(values: pl.Series) -> pl.Series:
    if not isinstance(values.dtype, pl.List):
        cells = text(values)
        json = cells.str.starts_with("[").fill_null(False)
        parts = cells.str.split(SEPARATOR)
        if json.any():
            read = cells.set(~json, None).str.json_decode(pl.List(pl.String))
            parts = read.zip_with(json, parts)
        values = parts
    frame = values.to_frame("column")
    element = pl.element().cast(pl.String).str.strip_chars(BLANKS)
    cleaned = frame.select(pl.col("column").list.eval(element.filter(element != "")))
    return cleaned.to_series().alias(values.name)
