"""Interactions of a source that Spark reads, with ids as codes when they reach this machine."""

import io
import pickle
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from kit.data._cells import BadCells
from kit.data._columns import Columns, find_columns, plain_name
from kit.data._dialect import TableFormat
from kit.data._ids import Ids, check_same_form, one_form, refuse_swallowed_rows
from kit.data._numbers import endless_note, guess_note, odd_note
from kit.data._parts import PARTS, parts_in, split_column
from kit.data._read import Rows as ReadRows
from kit.data._read import differs, parts_of
from kit.data.spark._columns import (
    IDS,
    NO_TIME,
    Encoding,
    Found,
    Looking,
    OddWeights,
    Plan,
    Split,
    WordCodes,
    bytes_of,
)
from kit.data.spark._files import packed
from kit.data.spark._session import spark_errors, tasks_shown
from kit.data.spark._table import SparkTable, open_spark_table
from kit.errors import UserError


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


def _plan(table: SparkTable, columns: Columns, *, looks_for_parts: bool) -> Plan:
    names: list[dict[str, str]] = []
    splits: list[str | None] = []
    for one in table.tables:
        names.append(find_columns(one.columns, columns, where=str(one.path)))
        if set(names[-1]) != set(names[0]):
            raise differs(one, names[-1], table.tables[0], names[0])
        rest = [column for column in one.columns if column not in names[-1].values()]
        splits.append(split_column(rest) if looks_for_parts else None)
    return Plan(names, splits, columns)


def _look(table: SparkTable, plan: Plan) -> tuple[dict[str, pl.DataFrame], list[Found]]:
    """The different words of ids with the first row of each, and what decides about columns."""
    from pyspark.sql import functions as f

    looked = table.map(
        plan.wanted(), Looking(plan), "role int, word string, row long, found binary"
    )
    once = looked.groupBy("role", "word", "found").agg(f.min("row").alias("row"))
    whole = [Found(number) for number in range(len(table.tables))]
    words: dict[str, list[pl.DataFrame]] = {role: [] for role in IDS}
    for row in once.mapInArrow(_pack, "found binary").toLocalIterator():
        frame = pl.read_ipc(io.BytesIO(row.found))
        for data in frame["found"].drop_nulls():
            for one in pickle.loads(data):
                _merge(whole[one.file], one)
        for number, role in enumerate(IDS):
            words[role].append(frame.filter(pl.col("role") == number).select("word", "row"))
    return {role: pl.concat(some).sort("row") for role, some in words.items()}, whole


def _merge(whole: Found, part: Found) -> None:
    for role in IDS:
        for marker, count in part.markers[role].items():
            whole.markers[role][marker] = whole.markers[role].get(marker, 0) + count
        whole.forms[role] |= part.forms[role]
    whole.times.add(part.times)
    whole.weights.add(part.weights)
    for value, row in part.parts.items():
        whole.parts[value] = min(row, whole.parts.get(value, row))
    whole.bad += part.bad


def _pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Frames as bytes, which reach the driver faster than rows do."""
    for batch in batches:
        yield packed([bytes_of(pl.DataFrame(pl.from_arrow(batch)))])


def _raise_first(found: Sequence[Found], table: SparkTable) -> None:
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
    words: Mapping[str, pl.DataFrame], found: Sequence[Found], table: SparkTable, plan: Plan
) -> tuple[dict[str, tuple[pl.DataFrame, pl.Series]], dict[str, dict[str, int]]]:
    """Of each role the code of each word and the ids by code; and the markers of "no id"."""
    ids, markers = {}, {}
    for role in IDS:
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


def _form(found: Found, role: str) -> str:
    forms = found.forms[role]
    if len(forms) > 1:
        raise UserError(
            f"Ids of mixed type: {' and '.join(sorted(forms))}s.",
            where=f"column of the {role}",
            expected="all ids strings, or all integers",
            remedy="Write all ids of the column the same way.",
        )
    return next(iter(forms), "")


def _split_of(found: Sequence[Found], table: SparkTable, plan: Plan) -> Split | None:
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
    labels = parts_in(pl.Series(name, values, dtype=pl.String), locate)
    if labels is None:
        return None
    return Split(pl.DataFrame({"value": values, "part": labels.to_physical().cast(pl.Int8)}))


def _rows(
    spark: Any,
    table: SparkTable,
    plan: Plan,
    ids: Mapping[str, tuple[pl.DataFrame, pl.Series]],
    found: Sequence[Found],
    split: Split | None,
) -> tuple[pl.DataFrame, list[Found], list[str]]:
    """All rows with ids as codes, what cannot be read, and how weights were read."""
    from pyspark import StorageLevel

    deciding = [(one.times.sorted(), one.weights.whole()) for one in found]
    codes = {role: WordCodes(of_word) for role, (of_word, _) in ids.items()}
    decided = spark.sparkContext.broadcast((codes, deciding, split))
    done = table.map(plan.wanted(), Encoding(plan, decided), "found binary")
    done = done.persist(StorageLevel.DISK_ONLY)
    done.count()  # On all executors at once; below it is fetched a part at a time.
    length, names = sum(table.rows), plan.names[0]
    columns: dict[str, Any] = {role: np.full(length, -1, np.int32) for role in IDS}
    if "time" in names:
        columns["time"] = np.full(length, NO_TIME)
    if "weight" in names:
        columns["weight"] = np.full(length, np.nan)
    if split is not None:
        columns["part"] = np.full(length, -1, np.int8)
    bad = [Found(number) for number in range(len(table.tables))]
    odd: list[OddWeights] = []
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
    whole = {f"{role}_id": _categories(columns.pop(role), ids[role][1]) for role in IDS}
    if "time" in columns:
        whole["time"] = _where(columns["time"], columns["time"] != NO_TIME)
    if "weight" in columns:
        whole["weight"] = _where(columns["weight"], ~np.isnan(columns["weight"]))
    if split is not None:
        whole["part"] = _enum(columns["part"])
    return pl.DataFrame(whole), bad, _notes(odd, found, table, plan)


def _categories(codes: np.ndarray, texts: pl.Series) -> pl.Series:
    places = _where(codes, codes >= 0).cast(pl.UInt32)
    return texts.cast(pl.Categorical).gather(places)


def _where(values: np.ndarray, is_there: np.ndarray) -> pl.Series:
    series = pl.Series(values)
    return series if is_there.all() else series.set(~pl.Series(is_there), None)


def _enum(parts: np.ndarray) -> pl.Series:
    return pl.Series(PARTS, dtype=pl.Enum(PARTS)).gather(parts.astype(np.uint32))


def _notes(
    odd: Sequence[OddWeights], found: Sequence[Found], table: SparkTable, plan: Plan
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
