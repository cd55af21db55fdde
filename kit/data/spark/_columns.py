"""What executors do with the columns of interactions: look at them, then read them."""

import io
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from kit.data._cells import BadCells
from kit.data._columns import Columns, plain_name
from kit.data._ids import is_missing, stripped
from kit.data._numbers import read_numbers, to_weights
from kit.data._times import ORDERS, to_microseconds
from kit.data.spark._evidence import (
    Cells,
    Weights,
    as_text,
    deciding_times,
    deciding_weights,
    id_words,
)
from kit.data.spark._files import packed
from kit.data.spark._session import ROWS_OF_A_BATCH
from kit.data.spark._table import Rows

IDS = ("user", "item")
NO_TIME = np.iinfo(np.int64).min
# Different ids that a task collects before it passes them on.
WORDS_AT_ONCE = 1 << 21
_NO_WORDS = pl.DataFrame(schema={"role": pl.Int32, "word": pl.String, "row": pl.Int64})
_RECORD = pa.schema(
    [
        pa.field("role", pa.int32()),
        pa.field("word", pa.string()),
        pa.field("row", pa.int64()),
        pa.field("found", pa.binary()),
    ]
)


@dataclass
class Found:
    """What executors found in a file, or in a part of it."""

    file: int
    markers: dict[str, dict[str, int]] = field(default_factory=lambda: {r: {} for r in IDS})
    forms: dict[str, set[str]] = field(default_factory=lambda: {r: set() for r in IDS})
    times: Cells = field(default_factory=Cells)
    weights: Weights = field(default_factory=Weights)
    parts: dict[str | None, int] = field(default_factory=dict)
    bad: list["Bad"] = field(default_factory=list)


@dataclass(frozen=True)
class Bad:
    """Cells that cannot be read, of one column in a part of a file."""

    role: int
    row: int
    count: int
    words: Mapping[str, Any]

    @classmethod
    def of(cls, error: BadCells, role: int, begin: int, length: int) -> "list[Bad]":
        """Those of the part itself, without the cells that stand behind it."""
        rows = [row for row in error.rows if row < length]
        return [cls(role, begin + rows[0], len(rows), error.parts)] if rows else []


@dataclass(frozen=True)
class Plan:
    """What is read of each file.

    Args:
        names: of each file role -> column.
        splits: of each file the column that may tell the part, or None.
        columns: how times and weights are to be read.
    """

    names: Sequence[Mapping[str, str]]
    splits: Sequence[str | None]
    columns: Columns

    def wanted(self) -> list[list[str]]:
        """The columns of each file."""
        return [
            [*names.values(), *([split] if split else [])]
            for names, split in zip(self.names, self.splits, strict=True)
        ]

    def place(self, rows: Rows, role: str) -> str:
        """A column, for errors."""
        return f"{rows.table.path}, column {plain_name(self.names[rows.file][role])}"


@dataclass(frozen=True)
class Split:
    """The number of the part that each value of a column names."""

    values: pl.DataFrame


@dataclass(frozen=True)
class OddWeights:
    """Cells of weights in a part of a file that are no numbers, or not finite."""

    file: int
    odd: int = 0
    first_odd: tuple[int, str] | None = None
    guess: tuple[int, str, float] | None = None
    endless: int = 0
    first_endless: int | None = None

    @classmethod
    def of(
        cls, file: int, begin: int, values: pl.Series, whole: pl.DataFrame | None
    ) -> "OddWeights":
        odd, guess = None, None
        count = 0
        if values.dtype == pl.String:
            cells = stripped(values)
            read = read_numbers(cells, whole=whole)
            numbers, count = read.values, int(read.odd.sum())
            if count:
                row = int(read.odd.arg_max() or 0)
                odd = (begin + row, cells[row])
            commas = cells.str.contains(",", literal=True).fill_null(False)
            if read.is_guessed and commas.any():
                row = int(commas.arg_max() or 0)
                guess = (begin + row, cells[row], numbers[row])
        else:
            numbers = values.cast(pl.Float64)
        endless = (~numbers.is_finite()).fill_null(False)
        first = begin + int(endless.arg_max() or 0) if endless.any() else None
        return cls(file, count, odd, guess, int(endless.sum()), first)


class Looking:
    """Finds on an executor the different ids, and what decides how columns are read."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def __call__(self, rows: Iterator[Rows]) -> Iterator[Any]:
        found: dict[int, Found] = {}
        words = _NO_WORDS
        for some in rows:
            of_file = found.setdefault(some.file, Found(some.file))
            for number, role in enumerate(IDS):
                words = pl.concat([words, self._words(some, number, role, of_file)])
            self._others(some, of_file)
            if len(words) > WORDS_AT_ONCE:
                words = _once(words)
                if len(words) > WORDS_AT_ONCE // 2:
                    yield from _records(words)
                    words = _NO_WORDS
        yield from _records(_once(words))
        for of_file in found.values():
            of_file.times = of_file.times.sorted()
        record = _NO_WORDS.with_columns(found=pl.lit(None, pl.Binary)).clear(1)
        yield from _records(record.with_columns(found=pl.lit(pickle.dumps([*found.values()]))))

    def _words(self, some: Rows, number: int, role: str, found: Found) -> pl.DataFrame:
        name = self._plan.names[some.file][role]
        place = {"where": self._plan.place(some, role), "first_row": some.table.first_row}
        try:
            words, markers = id_words(some.frame[name], **place)
        except BadCells as error:
            found.bad += Bad.of(error, number, some.begin, len(some.frame))
            return _NO_WORDS
        if kind := some.table.check_id_type(name):
            found.forms[role].add(kind)
        elif not some.table.typed_ids:
            found.forms[role].add("text")
        else:
            is_number = some.frame[name].dtype.is_numeric()
            found.forms[role].add("integer" if is_number else "string")
        for marker, count in markers.items():
            found.markers[role][marker] = found.markers[role].get(marker, 0) + count
        return words.filter(pl.col("word").is_not_null()).select(
            pl.lit(number, pl.Int32).alias("role"),
            "word",
            (pl.col("first").cast(pl.Int64) + some.start).alias("row"),
        )

    def _others(self, some: Rows, found: Found) -> None:
        names, form = self._plan.names[some.file], self._plan.columns.time_format
        if "time" in names and (form is None or form in ORDERS):
            found.times.add(deciding_times(some.frame[names["time"]], some.begin))
        if "weight" in names:
            place = self._plan.place(some, "weight")
            found.weights.add(deciding_weights(some.frame[names["weight"]], where=place))
        if split := self._plan.splits[some.file]:
            cells = some.frame[split].cast(pl.String).rename("value").to_frame().with_row_index()
            for value, row in cells.group_by("value").agg(pl.col("index").min()).iter_rows():
                found.parts[value] = min(found.parts.get(value, some.begin + row), some.begin + row)


class Encoding:
    """Reads the cells of rows on an executor."""

    def __init__(self, plan: Plan, decided: Any) -> None:
        self._plan, self._decided = plan, decided

    def __call__(self, rows: Iterator[Rows]) -> Iterator[Any]:
        codes, deciding, split = self._decided.value
        for some in rows:
            bad: list[Bad] = []
            odd: list[OddWeights] = []
            names = self._plan.names[some.file]
            columns = [codes[role].codes(self._text(some, role)).alias(role) for role in IDS]
            times, weights = deciding[some.file]
            if "time" in names:
                columns.append(self._times(some, times, bad))
            if "weight" in names:
                columns.append(self._weights(some, weights, bad, odd))
            if split is not None:
                name = self._plan.splits[some.file]
                cells = pl.Series([None] * len(some.frame), dtype=pl.String)
                cells = cells if name is None else some.frame[name].cast(pl.String)
                labels = cells.alias("value").to_frame()
                labels = labels.join(
                    split.values, on="value", how="left", maintain_order="left", nulls_equal=True
                )
                columns.append(labels["part"])
            data = None if bad else bytes_of(pl.DataFrame(columns))
            record = (some.start, data, [(some.file, one) for one in bad], odd)
            yield packed([pickle.dumps(record)])

    def _text(self, some: Rows, role: str) -> pl.Series:
        name = self._plan.names[some.file][role]
        return as_text(some.frame[name], where=self._plan.place(some, role), first_row=0)

    def _times(self, some: Rows, cells: Cells, bad: list[Bad]) -> pl.Series:
        values = some.frame[self._plan.names[some.file]["time"]].alias("")
        length = len(values)
        if cells.values is not None:
            values = pl.concat([values, cells.values.cast(values.dtype)])
        place = self._plan.place(some, "time")
        try:
            times = to_microseconds(
                values, where=place, first_row=0, form=self._plan.columns.time_format
            )
        except BadCells as error:
            bad += Bad.of(error, 2, some.begin, length)
            # If none of them is in this part, another part names it.
            return pl.Series("time", np.full(length, NO_TIME))
        return times[:length].fill_null(NO_TIME).alias("time")

    def _weights(
        self, some: Rows, whole: pl.DataFrame | None, bad: list[Bad], odd: list[OddWeights]
    ) -> pl.Series:
        values = some.frame[self._plan.names[some.file]["weight"]]
        signed = self._plan.columns.min_weight is not None
        place = self._plan.place(some, "weight")
        notes: list[str] = []
        try:
            weights = to_weights(
                values, where=place, first_row=0, notes=notes, signed=signed, whole=whole
            )
        except BadCells as error:
            bad += Bad.of(error, 3, some.begin, len(values))
            return pl.Series("weight", np.full(len(values), np.nan))
        if notes:
            odd.append(OddWeights.of(some.file, some.begin, values, whole))
        return weights.fill_null(np.nan).alias("weight")


class WordCodes:
    """The codes of the words of ids, found by their hashes.

    Args:
        of_word: word, code.
    """

    def __init__(self, of_word: pl.DataFrame) -> None:
        self._table = bytes_of(of_word)
        self._sorted: tuple[np.ndarray, pl.DataFrame] | None = None

    def __getstate__(self) -> dict[str, Any]:
        # Hashes are those of one process.
        return {"_table": self._table, "_sorted": None}

    def codes(self, raw: pl.Series) -> pl.Series:
        """int32: the code of each id as it stands in a source; -1 where there is none."""
        codes = self._lookup(raw)
        rest = np.flatnonzero(codes < 0)
        if len(rest):
            words = stripped(raw.gather(rest))
            words = words.set(is_missing(words), None)
            again = self._lookup(words)
            hidden = np.flatnonzero((again < 0) & words.is_not_null().to_numpy())
            if len(hidden):
                # Two words of one hash.
                some = words.gather(hidden).alias("word").to_frame()
                table = pl.read_ipc(io.BytesIO(self._table))
                joined = some.join(table, on="word", how="left", maintain_order="left")
                again[hidden] = joined["code"].cast(pl.Int32).fill_null(-1).to_numpy()
            codes[rest] = again
        return pl.Series(codes)

    def _lookup(self, words: pl.Series) -> np.ndarray:
        if self._sorted is None:
            table = pl.read_ipc(io.BytesIO(self._table))
            hashes = table["word"].hash().to_numpy()
            order = np.argsort(hashes, kind="stable")
            self._sorted = (hashes[order], table[order])
        hashes, table = self._sorted
        if not len(hashes):
            return np.full(len(words), -1, np.int32)
        places = np.searchsorted(hashes, words.hash().to_numpy()).clip(max=len(hashes) - 1)
        is_found = (table["word"].gather(places) == words).fill_null(False).to_numpy()
        codes = table["code"].gather(places).cast(pl.Int32).to_numpy()
        return np.where(is_found, codes, np.int32(-1))


def _once(words: pl.DataFrame) -> pl.DataFrame:
    return words.group_by("role", "word").agg(pl.col("row").min())


def _records(words: pl.DataFrame) -> Iterator[pa.RecordBatch]:
    """Words, or what is found, as Spark takes them."""
    if "found" not in words.columns:
        words = words.with_columns(found=pl.lit(None, pl.Binary))
    yield from words.to_arrow().cast(_RECORD).to_batches(max_chunksize=ROWS_OF_A_BATCH)


def bytes_of(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer, compression="lz4")
    return buffer.getvalue()
