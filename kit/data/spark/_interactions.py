"""Interactions of a source that Spark reads, with ids as codes when they reach this machine."""

import io
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from kit.data._cells import BadCells
from kit.data._columns import Columns, find_columns, plain_name
from kit.data._dialect import TableFormat
from kit.data._ids import Ids, check_same_form, encoded, one_form, refuse_swallowed_rows, stripped
from kit.data._numbers import endless_note, guess_note, odd_note, read_numbers, to_weights
from kit.data._parts import PARTS, parts_in, split_column
from kit.data._read import Rows as ReadRows
from kit.data._read import differs, parts_of
from kit.data._times import ORDERS, to_microseconds
from kit.data.spark._evidence import Cells, Weights, deciding_times, deciding_weights, id_words
from kit.data.spark._files import packed
from kit.data.spark._session import spark_errors, tasks_shown
from kit.data.spark._table import Rows, SparkTable, open_spark_table
from kit.errors import UserError

_IDS = ("user", "item")
_NONE = np.iinfo(np.int64).min  # a time that is missing


@dataclass
class _Found:
    """What executors found in a file, or in a part of it."""

    file: int
    markers: dict[str, dict[str, int]] = field(default_factory=lambda: {r: {} for r in _IDS})
    forms: dict[str, set[str]] = field(default_factory=lambda: {r: set() for r in _IDS})
    times: Cells = field(default_factory=Cells)
    weights: Weights = field(default_factory=Weights)
    parts: dict[str | None, int] = field(default_factory=dict)
    bad: list["_Bad"] = field(default_factory=list)


@dataclass(frozen=True)
class _Bad:
    """Cells that cannot be read, of one column in a part of a file."""

    role: int
    row: int
    count: int
    words: Mapping[str, Any]

    @classmethod
    def of(cls, error: BadCells, role: int, begin: int, length: int) -> "list[_Bad]":
        """Those of the part itself, without the cells that stand behind it."""
        rows = [row for row in error.rows if row < length]
        return [cls(role, begin + rows[0], len(rows), error.parts)] if rows else []


@dataclass(frozen=True)
class _Plan:
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


class SparkReader:
    """Reads interactions by Spark, as `kit.data.read_interactions` reads files of this machine.

    Args:
        spark: the session.
    """

    def __init__(self, spark: Any) -> None:
        self._spark = spark

    def __call__(self, source: str, columns: Columns, format: TableFormat) -> ReadRows:
        """Read a source that Spark reads: a path or URL of a file or a folder of files.

        Executors cut lines into cells, and read times and weights. Ids arrive as codes: this
        machine holds at most 25 bytes a row, and each different id once.

        Raises:
            UserError: see `kit.data.open_source`.
        """
        table = open_spark_table(self._spark, source, format)
        files = [one.path for one in table.tables]
        parts = parts_of(files, Path(source)) if table.is_folder else {}
        if parts:
            table = table.only([files.index(file) for file in parts])
        plan = _plan(table, columns, looks_for_parts=not parts)
        with spark_errors(source), tasks_shown(self._spark, "ids"):
            words, found = _look(table, plan)
        _raise_first(found, table)
        ids, markers = _ids(words, found, table, plan)
        split = _split_of(found, table, plan)
        with spark_errors(source), tasks_shown(self._spark, "rows"):
            frame, bad, notes = _rows(self._spark, table, plan, ids, found, split)
        _raise_first(bad, table)
        if parts:
            labels = np.repeat([PARTS.index(part) for part in parts.values()], table.rows)
            frame = frame.with_columns(part=_enum(labels.astype(np.int8)))
        names = {role: plain_name(name) for role, name in plan.names[0].items()}
        return ReadRows(frame, names, markers, notes)


def _plan(table: SparkTable, columns: Columns, *, looks_for_parts: bool) -> _Plan:
    names: list[dict[str, str]] = []
    splits: list[str | None] = []
    for one in table.tables:
        names.append(find_columns(one.columns, columns, where=str(one.path)))
        if set(names[-1]) != set(names[0]):
            raise differs(one, names[-1], table.tables[0], names[0])
        rest = [column for column in one.columns if column not in names[-1].values()]
        splits.append(split_column(rest) if looks_for_parts else None)
    return _Plan(names, splits, columns)


def _look(table: SparkTable, plan: _Plan) -> tuple[dict[str, pl.DataFrame], list[_Found]]:
    """The different words of ids with the first row of each, and what decides about columns."""
    from pyspark.sql import functions as f

    looked = table.map(plan.wanted(), _Looking(plan), "role int, word string, row long, found binary")
    once = looked.groupBy("role", "word", "found").agg(f.min("row").alias("row"))
    whole = [_Found(number) for number in range(len(table.tables))]
    words: dict[str, list[pl.DataFrame]] = {role: [] for role in _IDS}
    for row in once.mapInArrow(_pack, "found binary").toLocalIterator():
        frame = pl.read_ipc(io.BytesIO(row.found))
        for data in frame["found"].drop_nulls():
            for one in pickle.loads(data):
                _merge(whole[one.file], one)
        for number, role in enumerate(_IDS):
            words[role].append(frame.filter(pl.col("role") == number).select("word", "row"))
    return {role: pl.concat(some).sort("row") for role, some in words.items()}, whole


def _merge(whole: _Found, part: _Found) -> None:
    for role in _IDS:
        for marker, count in part.markers[role].items():
            whole.markers[role][marker] = whole.markers[role].get(marker, 0) + count
        whole.forms[role] |= part.forms[role]
    whole.times.add(part.times)
    whole.weights.add(part.weights)
    for value, row in part.parts.items():
        whole.parts[value] = min(row, whole.parts.get(value, row))
    whole.bad += part.bad


class _Looking:
    """Finds on an executor the different ids, and what decides how columns are read."""

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan

    def __call__(self, rows: Iterator[Rows]) -> Iterator[Any]:
        found: dict[int, _Found] = {}
        for some in rows:
            of_file = found.setdefault(some.file, _Found(some.file))
            for number, role in enumerate(_IDS):
                if (words := self._words(some, number, role, of_file)) is not None:
                    yield words
            self._others(some, of_file)
        for of_file in found.values():
            of_file.times = of_file.times.sorted()
        yield _record([None], [None], [None], [pickle.dumps([*found.values()])])

    def _words(self, some: Rows, number: int, role: str, found: _Found) -> pa.RecordBatch | None:
        name = self._plan.names[some.file][role]
        place = {"where": self._plan.place(some, role), "first_row": some.table.first_row}
        try:
            words, markers = id_words(some.frame[name], **place)
        except BadCells as error:
            found.bad += _Bad.of(error, number, some.begin, len(some.frame))
            return None
        if kind := some.table.check_id_type(name):
            found.forms[role].add(kind)
        elif not some.table.typed_ids:
            found.forms[role].add("text")
        else:
            is_number = some.frame[name].dtype.is_numeric()
            found.forms[role].add("integer" if is_number else "string")
        for marker, count in markers.items():
            found.markers[role][marker] = found.markers[role].get(marker, 0) + count
        words = words.filter(pl.col("word").is_not_null())
        rows = (words["first"].cast(pl.Int64) + some.start).to_list()
        return _record([number] * len(words), words["word"].to_list(), rows, [None] * len(words))

    def _others(self, some: Rows, found: _Found) -> None:
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


def _record(roles: Any, words: Any, rows: Any, found: Any) -> pa.RecordBatch:
    arrays = [
        pa.array(roles, pa.int32()),
        pa.array(words, pa.string()),
        pa.array(rows, pa.int64()),
        pa.array(found, pa.binary()),
    ]
    return pa.RecordBatch.from_arrays(arrays, names=["role", "word", "row", "found"])


def _pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Frames as bytes, which reach the driver faster than rows do."""
    for batch in batches:
        yield packed([_bytes_of(pl.DataFrame(pl.from_arrow(batch)))])


def _bytes_of(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer, compression="lz4")
    return buffer.getvalue()


def _raise_first(found: Sequence[_Found], table: SparkTable) -> None:
    """Raise the error of the first column with bad cells, of the first such file."""
    for of_file in found:
        if not of_file.bad:
            continue
        role = min(one.role for one in of_file.bad)
        bad = [one for one in of_file.bad if one.role == role]
        first = min(bad, key=lambda one: one.row)
        raise BadCells(
            rows=[first.row],
            first_row=table.tables[of_file.file].first_row,
            total=sum(one.count for one in bad),
            **first.words,
        )


def _ids(
    words: Mapping[str, pl.DataFrame], found: Sequence[_Found], table: SparkTable, plan: _Plan
) -> tuple[dict[str, tuple[pl.DataFrame, pl.Series]], dict[str, dict[str, int]]]:
    """Of each role the code of each word and the ids by code; and the markers of "no id"."""
    ids, markers = {}, {}
    for role in _IDS:
        place = f"{table.tables[0].path}, column {plain_name(plan.names[0][role])}"
        first = Ids(pl.Series([], dtype=pl.String), _form(found[0], role), place)
        for of_file in found:
            path, name = table.tables[of_file.file].path, plan.names[of_file.file][role]
            where = f"{path}, column {plain_name(name)}"
            check_same_form(first, Ids(first.text, _form(of_file, role), where))
        frame = words[role]

        def row_of(word: str, frame: pl.DataFrame = frame) -> int:
            row = frame["row"].filter(frame["word"] == word)[0]
            return int(row) - table.starts[table.file_of(row)] + table.tables[0].first_row

        refuse_swallowed_rows(frame["word"], row_of, place)
        texts = one_form(frame["word"], row_of, place)
        of_word = frame.select("word").with_columns(id=texts)
        once = texts.unique(maintain_order=True)
        codes = pl.DataFrame({"id": once}).with_row_index("code")
        ids[role] = (of_word.join(codes, on="id").select("word", "code"), once)
        counts: dict[str, int] = {}
        for of_file in found:
            # The most frequent of a file first, as `kit.data.to_ids` has them.
            for marker, count in sorted(of_file.markers[role].items(), key=lambda one: -one[1]):
                counts[marker] = counts.get(marker, 0) + count
        markers[role] = counts
    return ids, markers


def _form(found: _Found, role: str) -> str:
    forms = found.forms[role]
    if len(forms) > 1:
        raise UserError(
            f"Ids of mixed type: {' and '.join(sorted(forms))}s.",
            where=f"column of the {role}",
            expected="all ids strings, or all integers",
            remedy="Write all ids of the column the same way.",
        )
    return next(iter(forms), "")


@dataclass(frozen=True)
class _Split:
    """The number of the part that each value of a column names."""

    values: pl.DataFrame


def _split_of(found: Sequence[_Found], table: SparkTable, plan: _Plan) -> _Split | None:
    if not any(plan.splits):
        return None
    first: dict[str | None, int] = {}
    for of_file, split in zip(found, plan.splits, strict=True):
        parts = of_file.parts if split else {None: 0}
        for value, row in parts.items():
            first.setdefault(value, table.starts[of_file.file] + row)
    values = sorted(first, key=lambda value: first[value])

    def locate(place: int) -> str:
        row = first[values[place]]
        file = table.file_of(row)
        one = table.tables[file]
        return f"{one.path}, row {row - table.starts[file] + one.first_row}"

    name = next(plain_name(split) for split in plan.splits if split)
    parts = parts_in(pl.Series(name, values, dtype=pl.String), locate)
    if parts is None:
        return None
    return _Split(pl.DataFrame({"value": values, "part": parts.to_physical().cast(pl.Int8)}))


def _rows(
    spark: Any,
    table: SparkTable,
    plan: _Plan,
    ids: Mapping[str, tuple[pl.DataFrame, pl.Series]],
    found: Sequence[_Found],
    split: _Split | None,
) -> tuple[pl.DataFrame, list[_Found], list[str]]:
    """All rows with ids as codes, what cannot be read, and how weights were read."""
    from pyspark import StorageLevel

    deciding = [(one.times.sorted(), one.weights.whole()) for one in found]
    codes = {role: _bytes_of(of_word) for role, (of_word, _) in ids.items()}
    decided = spark.sparkContext.broadcast((codes, deciding, split))
    done = table.map(plan.wanted(), _Encoding(plan, decided), "found binary")
    done = done.persist(StorageLevel.DISK_ONLY)
    done.count()  # On all executors at once; below it is fetched a part at a time.
    length, names = sum(table.rows), plan.names[0]
    columns: dict[str, Any] = {role: np.full(length, -1, np.int32) for role in _IDS}
    if "time" in names:
        columns["time"] = np.full(length, _NONE)
    if "weight" in names:
        columns["weight"] = np.full(length, np.nan)
    if split is not None:
        columns["part"] = np.full(length, -1, np.int8)
    bad = [_Found(number) for number in range(len(table.tables))]
    odd: list[_OddWeights] = []
    for row in done.toLocalIterator():
        start, data, wrong, strange = pickle.loads(row.found)
        for file, one in wrong:
            bad[file].bad.append(one)
        odd += strange
        if data is not None:
            frame = pl.read_ipc(io.BytesIO(data))
            for name, column in columns.items():
                values = frame[name].to_numpy()
                column[start : start + len(values)] = values
    done.unpersist()
    values = {f"{role}_id": _categories(columns.pop(role), ids[role][1]) for role in _IDS}
    if "time" in columns:
        values["time"] = _where(columns["time"], columns["time"] != _NONE)
    if "weight" in columns:
        values["weight"] = _where(columns["weight"], ~np.isnan(columns["weight"]))
    if split is not None:
        values["part"] = _enum(columns["part"])
    return pl.DataFrame(values), bad, _notes(odd, found, table, plan)


def _categories(codes: np.ndarray, texts: pl.Series) -> pl.Series:
    places = _where(codes, codes >= 0).cast(pl.UInt32)
    return texts.cast(pl.Categorical).gather(places)


def _where(values: np.ndarray, is_there: np.ndarray) -> pl.Series:
    series = pl.Series(values)
    return series if is_there.all() else series.set(~pl.Series(is_there), None)


def _enum(parts: np.ndarray) -> pl.Series:
    return pl.Series(PARTS, dtype=pl.Enum(PARTS)).gather(parts.astype(np.uint32))


@dataclass(frozen=True)
class _OddWeights:
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
    ) -> "_OddWeights":
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


def _notes(
    odd: Sequence[_OddWeights], found: Sequence[_Found], table: SparkTable, plan: _Plan
) -> list[str]:
    """The lines of `kit.data.to_weights` on each file."""
    notes = []
    for number in sorted({one.file for one in odd}):
        name = plain_name(plan.names[number]["weight"])
        first_row = table.tables[number].first_row
        mine = [one for one in odd if one.file == number]
        if firsts := [one.first_odd for one in mine if one.first_odd]:
            counts = found[number].weights.counts
            assert counts is not None
            row, cell = min(firsts)
            known = int(counts["rows"].sum())
            count = sum(one.odd for one in mine)
            notes.append(odd_note(name, count, known, cell, f"row {row + first_row}"))
        if guesses := [one.guess for one in mine if one.guess]:
            notes.append(guess_note(name, *min(guesses)[1:]))
        if endless := [one.first_endless for one in mine if one.first_endless is not None]:
            count = sum(one.endless for one in mine)
            notes.append(endless_note(name, count, f"row {min(endless) + first_row}"))
    return notes


class _Encoding:
    """Reads the cells of rows on an executor."""

    def __init__(self, plan: _Plan, decided: Any) -> None:
        self._plan, self._decided = plan, decided

    def __call__(self, rows: Iterator[Rows]) -> Iterator[Any]:
        codes, deciding, split = self._decided.value
        of_word = {role: pl.read_ipc(io.BytesIO(codes[role])) for role in _IDS}
        for some in rows:
            bad: list[_Bad] = []
            odd: list[_OddWeights] = []
            names = self._plan.names[some.file]
            columns = [
                _codes(some.frame[names[role]], of_word[role], role, self._plan.place(some, role))
                for role in _IDS
            ]
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
            data = None if bad else _bytes_of(pl.DataFrame(columns))
            record = (some.start, data, [(some.file, one) for one in bad], odd)
            yield packed([pickle.dumps(record)])

    def _times(self, some: Rows, cells: Cells, bad: list[_Bad]) -> pl.Series:
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
            bad += _Bad.of(error, 2, some.begin, length)
            return pl.Series("time", [_NONE])
        return times[:length].fill_null(_NONE).alias("time")

    def _weights(
        self, some: Rows, whole: pl.DataFrame | None, bad: list[_Bad], odd: list[_OddWeights]
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
            bad += _Bad.of(error, 3, some.begin, len(values))
            return pl.Series("weight", [np.nan])
        if notes:
            odd.append(_OddWeights.of(some.file, some.begin, values, whole))
        return weights.fill_null(np.nan).alias("weight")


def _codes(values: pl.Series, of_word: pl.DataFrame, role: str, where: str) -> pl.Series:
    words, _ = id_words(values, where=where, first_row=0)
    coded = words.join(of_word, on="word", how="left", maintain_order="left")
    column = encoded(values, where=where, first_row=0).cast(pl.String).alias("raw").to_frame()
    joined = column.join(
        coded.select("raw", "code"), on="raw", how="left", maintain_order="left", nulls_equal=True
    )
    return joined["code"].cast(pl.Int32).fill_null(-1).alias(role)
