"""Feature columns as integers and numbers that a tower can embed."""

import re
from dataclasses import dataclass
from math import sqrt

import numpy as np
import polars as pl
from numpy.typing import NDArray

MOST_TOKENS = 16
VOCABULARY = 20_000
FEWEST_ROWS = 2
WORD = r"[\p{L}\p{N}]+"
CLIP = 5.0


@dataclass(frozen=True)
class EncodedFeatures:
    """Features of a table's rows.

    Args:
        tokens: int32 [rows, tokens], 0 where a row has fewer.
        numbers: float32 [rows, numbers], standardised, 0 where missing.
        vocabulary_size: one more than the largest possible token.
        entries: how many of the numbers, the last, are entries of vectors.
    """

    tokens: NDArray[np.int32]
    numbers: NDArray[np.float32]
    vocabulary_size: int
    entries: int = 0


@dataclass(frozen=True)
class FeatureEncoder:
    """Turns text, categories and numbers into what `kit.layers.FeatureBag` reads.

    A token is a column's name and a word of it, so "red" as a colour is not "red" in a title.
    Words are runs of letters and digits in lower case; a category is a text of one word or a few.

    Args:
        text: columns that hold text or categories.
        numbers: (column, mean, standard deviation) of the number columns.
        vocabulary: tokens; the n-th has code n + 1.
        most_tokens: tokens kept of a row.
    """

    text: tuple[str, ...]
    numbers: tuple[tuple[str, float, float], ...]
    vocabulary: tuple[str, ...]
    most_tokens: int

    @classmethod
    def fit(cls, table: pl.DataFrame, *, key: str) -> "FeatureEncoder | None":
        """Learn vocabulary and scales from a table; None if it has no usable column.

        Only tokens of at least two rows are kept, the most frequent 20,000 of them.

        Args:
            table: features, one row an item or user.
            key: the id column, which is no feature.

        Example:

        >>> table = pl.DataFrame({"item_id": ["a", "b"], "title": ["Red cup", "Red Mug!"]})
        >>> encoder = FeatureEncoder.fit(table, key="item_id")
        >>> encoder.vocabulary, encoder.encode(table).tokens.tolist()
        (('title=red',), [[1], [1]])
        """
        columns = [column for column in table.iter_columns() if column.name != key]
        text = tuple(c.name for c in columns if c.dtype in (pl.String, pl.Categorical, pl.Boolean))
        numbers = []
        for column in columns:
            if column.dtype.is_numeric():
                values = _finite(column)
                mean, deviation = values.mean(), values.std()
                if isinstance(mean, float) and isinstance(deviation, float) and deviation > 0:
                    numbers.append((column.name, mean, deviation))
        counts = (
            _words(table, text)
            .unique(["row", "token"])
            .group_by("token")
            .len()
            .filter(pl.col("len") >= FEWEST_ROWS)
            .sort(["len", "token"], descending=[True, False])
            .head(VOCABULARY)
        )
        vocabulary = tuple(counts["token"].to_list())
        if not vocabulary and not numbers:
            return None
        numbers = _scaled_as_one(numbers)
        encoder = cls(text, tuple(numbers), vocabulary, most_tokens=MOST_TOKENS)
        longest = int((encoder.encode(table).tokens > 0).sum(axis=1).max(initial=0))
        return cls(text, tuple(numbers), vocabulary, most_tokens=max(1, longest))

    def encode(self, table: pl.DataFrame) -> EncodedFeatures:
        """Features of a table with the same columns; unknown words and nulls are left out."""
        codes = pl.DataFrame(
            {"token": self.vocabulary, "code": range(1, len(self.vocabulary) + 1)},
            schema={"token": pl.String, "code": pl.Int32},
        )
        found = (
            _words(table, self.text)
            .join(codes, on="token", how="inner", maintain_order="left")
            .unique(["row", "code"], keep="first", maintain_order=True)
            .with_columns(place=pl.int_range(pl.len()).over("row"))
            .filter(pl.col("place") < self.most_tokens)
        )
        tokens = np.zeros((len(table), self.most_tokens), np.int32)
        tokens[found["row"].to_numpy(), found["place"].to_numpy()] = found["code"].to_numpy()
        numbers = np.zeros((len(table), len(self.numbers)), np.float32)
        for place, (name, mean, deviation) in enumerate(self.numbers):
            scaled = (_finite(table[name]).fill_null(mean).to_numpy() - mean) / deviation
            numbers[:, place] = np.clip(scaled, -CLIP, CLIP)
        entries = sum(_is_entry(name) for name, _, _ in self.numbers)
        return EncodedFeatures(tokens, numbers, len(self.vocabulary) + 1, entries)


def _scaled_as_one(numbers: list[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
    """Entries of one vector, "name[0]" and so on, keep their proportions: its mean length is 1.

    They come last.
    """
    numbers = sorted(numbers, key=lambda number: _is_entry(number[0]))
    squares: dict[str, float] = {}
    vector_of = {name: name.rpartition("[")[0] for name, _, _ in numbers if _is_entry(name)}
    for name, _, deviation in numbers:
        if name in vector_of:
            squares[vector_of[name]] = squares.get(vector_of[name], 0.0) + deviation**2
    return [
        (name, mean, sqrt(squares[vector_of[name]]) if name in vector_of else deviation)
        for name, mean, deviation in numbers
    ]


def _is_entry(name: str) -> bool:
    # Not "size[cm]", which is a number like any other.
    return re.search(r"\[\d+\]$", name) is not None


def _finite(column: pl.Series) -> pl.Series:
    """Numbers as floats; what is not a finite number is missing."""
    values = column.cast(pl.Float64)
    return values.set(~values.is_finite(), None)


def _words(table: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """One row for each word: its row in the table and its token."""
    empty = pl.DataFrame(schema={"row": pl.Int64, "token": pl.String})
    rows = pl.int_range(pl.len(), dtype=pl.Int64).alias("row")
    parts = [
        table.select(
            rows,
            pl.col(name).cast(pl.String).str.to_lowercase().str.extract_all(WORD).alias("token"),
        )
        .explode("token")
        .drop_nulls()
        .with_columns(pl.concat_str(pl.lit(f"{name}="), "token").alias("token"))
        for name in columns
    ]
    return pl.concat([empty, *parts])
