"""What decides how a column is read, found by executors in parts of it.

How times are meant, and which sign is the decimal one, follows from a whole column. Of each part of
it these functions keep the few cells that could decide, so that all parts, each with these cells
behind it, are read as the whole column would be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import polars as pl

from kit.data._dates import ORDERED, UNAMBIGUOUS, by_forms
from kit.data._ids import encoded, is_missing, stripped
from kit.errors import UserError

MOST_ODD_WEIGHTS = 10_000


@dataclass
class Cells:
    """Cells that could decide how a column is read.

    Args:
        values: of the cells, of the type of the column.
        rows: where they stand in the file.
        numbers: cells of text that are numbers.
        texts: cells of text that are none, nor missing.
    """

    values: pl.Series | None = None
    rows: list[int] = field(default_factory=list)
    numbers: int = 0
    texts: int = 0

    def add(self, other: "Cells") -> None:
        """Take those of another part, too."""
        if other.values is None:
            return
        self.values = (
            other.values if self.values is None else pl.concat([self.values, other.values])
        )
        self.rows += other.rows
        self.numbers += other.numbers
        self.texts += other.texts

    def sorted(self) -> "Cells":
        """In the order of rows, each once, and only those that decide."""
        if self.values is None:
            return self
        frame = pl.DataFrame({"value": self.values, "row": self.rows})
        frame = frame.unique("row").sort("row")
        return Cells(frame["value"], frame["row"].to_list(), self.numbers, self.texts)


def deciding_times(values: pl.Series, begin: int) -> Cells:
    """Cells that could decide how times are meant.

    Args:
        values: the column as read.
        begin: the row of the first.
    """
    dtype = values.dtype
    if dtype in (pl.Binary, pl.Categorical, pl.Enum):
        values = values.cast(pl.String)
    if dtype.is_numeric():
        return _at(values, [_largest(values.cast(pl.Float64))], begin)
    if values.dtype != pl.String:
        return Cells()
    text = stripped(values)
    text = text.set(is_missing(text), None)
    numbers = text.cast(pl.Float64, strict=False)
    whole = text.cast(pl.Int64, strict=False)
    is_text = numbers.is_null() & text.is_not_null()
    places = [
        _largest(numbers),
        _first(whole.is_null() & numbers.is_not_null()),
        _first(numbers.is_not_null()),
        _first(is_text),
    ]
    if is_text.any():
        words = text.set(~is_text, None)
        parsed, _ = by_forms(words, UNAMBIGUOUS)
        left = (parsed.is_null() & words.is_not_null()).arg_true()
        rest = words.gather(left)
        read = [by_forms(rest, forms)[0] for forms in ORDERED.values()]
        found = [_first(times.is_null()) for times in read]
        found += [_first((a != b).fill_null(False)) for a, b in combinations(read, 2)]
        places += [int(left[place]) for place in found if place is not None]
    cells = _at(values, places, begin)
    cells.numbers, cells.texts = numbers.count(), int(is_text.sum())
    return cells


def _at(values: pl.Series, places: Sequence[int | None], begin: int) -> Cells:
    kept = sorted({place for place in places if place is not None})
    return Cells(values.gather(kept).alias(""), [begin + place for place in kept])


def _first(mask: pl.Series) -> int | None:
    return int(mask.arg_max() or 0) if mask.any() else None


def _largest(numbers: pl.Series) -> int | None:
    size = numbers.abs()
    size = size.set(~size.is_finite(), None)
    return None if not size.count() else int(size.arg_max() or 0)


@dataclass
class Weights:
    """How cells of weights are written.

    Args:
        counts: cell, rows: those that are no plain numbers, and of plain ones one of each kind.
        is_plain: whether all are plain numbers.
    """

    counts: pl.DataFrame | None = None
    is_plain: bool = True

    def add(self, other: "Weights") -> None:
        """Take those of another part, too."""
        if other.counts is None:
            return
        both = [one for one in (self.counts, other.counts) if one is not None]
        self.counts = (
            pl.concat(both).group_by("cell", maintain_order=True).agg(pl.col("rows").sum())
        )
        self.is_plain &= other.is_plain

    def whole(self) -> pl.DataFrame | None:
        """The column as `kit.data.to_weights` takes it; None where nothing has to be decided."""
        return None if self.is_plain else self.counts


def deciding_weights(values: pl.Series, *, where: str) -> Weights:
    """Cells that could decide how weights are written.

    Raises:
        UserError: too many different ones are no plain numbers.
    """
    if values.dtype != pl.String:
        return Weights()
    cells = stripped(values)
    counts = cells.set(is_missing(cells), None).drop_nulls().value_counts(name="rows")
    counts.columns = ["cell", "rows"]
    is_odd = counts["cell"].cast(pl.Float64, strict=False).is_null()
    if is_odd.sum() > MOST_ODD_WEIGHTS:
        raise UserError(
            f"More than {MOST_ODD_WEIGHTS:,} different weights are not plain numbers, such as "
            f"'{counts['cell'].filter(is_odd)[0]}'.",
            where=where,
            expected="plain numbers, such as 1234.5",
            remedy="Write them so, leave weights out with --weight-column '', or leave --engine "
            "spark out.",
        )
    # Whether `1.234` is in doubt depends on the digits around its point only.
    plain = counts.filter(~is_odd).with_columns(
        point=pl.col("cell").str.contains(".", literal=True),
        comma=pl.col("cell").str.contains(r"^[+-]?([1-9]\d{0,2}(\.\d{3})+|\d+)$"),
        zero=pl.col("cell").str.contains(r"^[-+]?0*[.,]?0+$"),
    )
    kinds = plain.group_by("point", "comma", "zero", maintain_order=True)
    one_of_each = kinds.agg(pl.col("cell").first(), pl.col("rows").sum()).select("cell", "rows")
    return Weights(
        pl.concat([counts.filter(is_odd), one_of_each]).cast({"rows": pl.Int64}),
        not is_odd.any(),
    )


def as_text(values: pl.Series, **place: Any) -> pl.Series:
    """Ids as `kit.data._ids.encoded` takes them, as String."""
    return values if values.dtype == pl.String else encoded(values, **place).cast(pl.String)


def id_words(values: pl.Series, **place: Any) -> tuple[pl.DataFrame, dict[str, int]]:
    """The different ids of a part of a column, and the markers of "no id" in it.

    Returns:
        raw, word: an id as it stands and without blanks at its ends; null where there is none; in
        the order of their first rows, which are `first`. And how often each marker occurs.
    """
    frame = pl.DataFrame({"raw": as_text(values, **place)}).with_row_index("first")
    found = frame.group_by("raw", maintain_order=True).agg(pl.col("first").min(), rows=pl.len())
    words = stripped(found["raw"])
    missing = is_missing(words)
    markers = found.with_columns(word=words).filter(missing & words.is_not_null())
    counts = markers.group_by("word", maintain_order=True).agg(pl.col("rows").sum())
    found = found.with_columns(word=words.set(missing, None)).select("raw", "word", "first")
    return found, dict(counts.iter_rows())
