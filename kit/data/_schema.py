"""What the columns of a table mean to a ranking model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from kit.data._columns import find_named
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
