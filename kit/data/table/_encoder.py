"""Rows of a table as the codes and numbers a model reads."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data.table._schema import Feature, Schema

MISSING, RARE, FIRST_KNOWN = 0, 1, 2
LONGEST = 100
MOST_WORDS = 20_000
WORD = r"[\p{L}\p{N}]+"

Encoded = dict[str, NDArray[Any]]
"""Feature to int32 [rows], int32 [rows, length] or float32 [rows]."""


@dataclass(frozen=True)
class TableEncoder:
    """Gives every value its code: 0 missing, 1 rare or never seen in train, 2 and up the others.

    Args:
        schema: the features.
        vocabularies: table name to the values that have codes of their own, the most frequent
            first; the n-th has code n + 2.
        lengths: list or text feature to the most values kept of a row.
    """

    schema: Schema
    vocabularies: Mapping[str, tuple[str, ...]]
    lengths: Mapping[str, int]

    @classmethod
    def fit(cls, schema: Schema, train: pl.DataFrame, *, fewest: int = 2) -> "TableEncoder":
        """Learn the values of train.

        Args:
            schema: the features.
            train: their typed columns.
            fewest: rows a value needs for a code of its own; values of fewer share one.

        Example:

        >>> schema = Schema((Feature("city", "category"),), {})
        >>> train = pl.DataFrame({"city": ["Rome", "Oslo", "Rome", None]})
        >>> encoder = TableEncoder.fit(schema, train)
        >>> encoder.vocabularies["city"], encoder.encode(train)["city"].tolist()
        (('Rome',), [2, 1, 2, 0])
        """
        columns: dict[str, list[pl.Series]] = {}
        texts = {feature.table_name for feature in schema.of_kind("text")}
        lengths = {}
        for feature in schema.features:
            if feature.kind == "number":
                continue
            values = _values(train[feature.name], feature)
            if isinstance(values.dtype, pl.List):
                longest = values.list.len().max() or 1
                lengths[feature.name] = int(np.clip(int(longest), 1, LONGEST))  # type: ignore[arg-type]
                # A value counts once a row.
                values = values.list.unique().explode()
            columns.setdefault(feature.table_name, []).append(values.alias("value"))
        vocabularies = {}
        for table, found in columns.items():
            counts = (
                pl.concat(found)
                .drop_nulls()
                .to_frame()
                .group_by("value")
                .len()
                .filter(pl.col("len") >= fewest)
                .sort(["len", "value"], descending=[True, False])
            )
            if table in texts:
                counts = counts.head(MOST_WORDS)
            vocabularies[table] = tuple(counts["value"].to_list())
        return cls(schema, vocabularies, lengths)

    def size(self, feature: Feature) -> int:
        """One more than the largest code of a feature."""
        return len(self.vocabularies[feature.table_name]) + FIRST_KNOWN

    def encode(self, rows: pl.DataFrame, *, whole: bool = False) -> Encoded:
        """Codes and numbers of typed columns.

        Args:
            rows: the features' columns.
            whole: keep every value of lists and texts, however many; else the last of a list and
                the first of a text, as many as `lengths` says.
        """
        encoded: Encoded = {}
        for feature in self.schema.features:
            values = rows[feature.name]
            if feature.kind == "number":
                encoded[feature.name] = values.cast(pl.Float32).fill_null(float("nan")).to_numpy()
                continue
            values = _values(values, feature)
            if isinstance(values.dtype, pl.List):
                encoded[feature.name] = self._padded(values, feature, whole)
            else:
                codes = self._codes(values, feature)
                encoded[feature.name] = codes.fill_null(MISSING).to_numpy()
        return encoded

    def absent(self, encoded: Encoded) -> dict[str, list[float]]:
        """Values that stand for a missing or an unknown value and that no row has.

        Args:
            encoded: what `encode` gave of train.

        Returns:
            By feature NaN, or the codes 0 (missing, or an empty list) and 1 (not in train).

        Example:

        >>> schema = Schema((Feature("age", "number"), Feature("city", "category")), {})
        >>> train = pl.DataFrame({"age": [31.0, 40.0], "city": ["Oslo", None]})
        >>> encoder = TableEncoder.fit(schema, train, fewest=1)
        >>> encoder.absent(encoder.encode(train))
        {'age': [nan], 'city': [1]}
        """
        found: dict[str, list[float]] = {}
        for name, values in encoded.items():
            if values.dtype == np.float32:
                found[name] = [] if np.isnan(values).any() else [math.nan]
                continue
            by_row = values.reshape(len(values), -1)
            is_missing = not (by_row != MISSING).any(axis=1).all()
            found[name] = [] if is_missing else [MISSING]
            if not (by_row == RARE).any():
                found[name].append(RARE)
        return {name: values for name, values in found.items() if values}

    def unseen(self, rows: pl.DataFrame) -> dict[str, int]:
        """How many rows have a value that is rare or not in train, by feature."""
        encoded = self.encode(rows)
        counts = {}
        for feature in self.schema.features:
            if feature.kind != "number":
                codes = encoded[feature.name].reshape(len(rows), -1)
                counts[feature.name] = int((codes == RARE).any(axis=1).sum())
        return {name: count for name, count in counts.items() if count}

    def _codes(self, values: pl.Series, feature: Feature) -> pl.Series:
        """Int32 codes; null where the value is."""
        known = pl.Enum(self.vocabularies[feature.table_name])
        codes = values.cast(known, strict=False).to_physical().cast(pl.Int32) + FIRST_KNOWN
        return codes.fill_null(RARE).set(values.is_null(), None)

    def _padded(self, values: pl.Series, feature: Feature, whole: bool) -> NDArray[np.int32]:
        lengths = values.list.len().fill_null(0)
        most = max(1, int(lengths.max() or 1)) if whole else self.lengths[feature.name]  # type: ignore[arg-type]
        kept = values.list.tail(most) if feature.kind == "list" else values.list.head(most)
        sizes = lengths.clip(upper_bound=most).to_numpy().astype(np.int64)
        padded = np.zeros((len(values), most), np.int32)
        codes = self._codes(kept.filter(lengths > 0).explode(), feature).to_numpy()
        padded[np.arange(most) < sizes[:, None]] = codes
        return padded


def _values(values: pl.Series, feature: Feature) -> pl.Series:
    """String, or List(String) of a list or a text's words."""
    if feature.kind != "text":
        return values
    return values.str.to_lowercase().str.extract_all(WORD)
