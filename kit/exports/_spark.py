"""Answers in bulk on Apache Spark: each Python worker loads the export once."""

import functools
import os
import pickle
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from kit.data import TableFormat
from kit.data.spark import (
    Rows,
    SparkOutput,
    SparkTable,
    on_executors,
    open_spark_table,
    spark_errors,
)
from kit.errors import UserError
from kit.exports._ask import load_export
from kit.exports._batch import BatchLists, in_lists
from kit.exports._card import TabularCard, UpliftCard
from kit.exports._loaded import LoadedExport
from kit.exports._narrowed import NOT_NARROWED, Narrowed
from kit.exports._predict_file import ROWS, text_column_of
from kit.exports._predictor import Predictor

# Tasks of a core, so that one slow executor does not hold up the others.
_TASKS_OF_A_CORE = 4
_TYPES: dict[Any, tuple[str, Any]] = {
    pl.String: ("string", pa.string()),
    pl.Boolean: ("boolean", pa.bool_()),
    pl.Int8: ("tinyint", pa.int8()),
    pl.Int16: ("smallint", pa.int16()),
    pl.Int32: ("int", pa.int32()),
    pl.UInt32: ("bigint", pa.int64()),
    pl.Int64: ("bigint", pa.int64()),
    pl.Float32: ("float", pa.float32()),
    pl.Float64: ("double", pa.float64()),
}


@dataclass(frozen=True)
class Shipped:
    """An export that executors have.

    Args:
        archive: its name among the files of Spark.
        version: name of the version folder.
        trust: whether it is loaded even if it could do what no export of this kit does.
    """

    archive: str
    version: str
    trust: bool

    @classmethod
    def to(cls, spark: Any, version: Path, *, trust: bool = False) -> "Shipped":
        """Send an export to the executors, which need not see the disk it is on."""
        name = f"kit-export-{uuid.uuid4().hex}"
        from pyspark import SparkFiles

        # Executors fetch it when they need it, so it stays as long as the session.
        archive = Path(SparkFiles.getRootDirectory()) / f"{name}.zip"
        with zipfile.ZipFile(archive, "w") as files:
            for file in sorted(version.rglob("*")):
                files.write(file, Path(version.name) / file.relative_to(version))
        spark.sparkContext.addArchive(f"{archive}#{name}")
        return cls(name, version.name, trust)

    def folder(self) -> Path:
        """Where it is on an executor."""
        from pyspark import SparkFiles

        return Path(SparkFiles.get(self.archive)) / self.version


@functools.lru_cache(maxsize=2)
def _loaded(shipped: Shipped) -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return load_export(shipped.folder(), trust=shipped.trust)


@functools.lru_cache(maxsize=1)
def _lists(job: "_Recommending") -> BatchLists:
    export = LoadedExport(job.shipped.folder(), trust=job.shipped.trust)
    users = None if job.listed is None else job.listed.value
    return BatchLists(export, users, job.count, job.narrowed, why=job.why)


@dataclass(frozen=True, eq=False)
class _Recommending:
    """Makes lists on an executor."""

    shipped: Shipped
    listed: Any
    count: int
    narrowed: Narrowed
    why: bool
    as_lists: bool
    schema: pa.Schema
    key: str

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Recommending) and self.key == other.key

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return on_executors(self._lists)(batches)

    def _lists(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        lists = _lists(self)
        for batch in batches:
            for chunk in batch.column("id").to_pylist():
                begin = chunk * lists.size
                for frame in lists.frames(begin, min(begin + lists.size, len(lists.users))):
                    yield from _batches(in_lists(frame) if self.as_lists else frame, self.schema)


def recommend_by_spark(
    spark: Any,
    export: LoadedExport,
    users: Sequence[str] | None,
    count: int,
    output: SparkOutput,
    narrowed: Narrowed = NOT_NARROWED,
    *,
    why: bool = False,
    as_lists: bool = False,
    trust: bool = False,
) -> dict[str, int]:
    """Write the lists of all known users, or of some, with the work done by executors.

    Args:
        spark: the session.
        export: the export, loaded here too, so that what is wrong is said at once.
        users: their ids; unknown ones get the popular items. None are all known users.
        count: items in a list.
        output: where they go.
        narrowed: rules, the same for all.
        why: whether to add what explains each item.
        as_lists: write a row for each user, with columns of lists.
        trust: load the export on executors even if it could do what no export of this kit does.

    Returns:
        How many users there are, how many of them the model does not know, and rows written.

    Raises:
        UserError: as `BatchLists`, or what an executor could not do.
    """
    lists = BatchLists(export, users, count, narrowed, why=why)
    if not lists.users:
        raise UserError("The model knows no users.", where=str(export.version))
    first = next(lists.frames(0, 1))
    ddl, schema = _schema(in_lists(first) if as_lists else first)
    with spark_errors(str(export.version)):
        listed = None if users is None else spark.sparkContext.broadcast([*users])
        shipped = Shipped.to(spark, export.version, trust=trust)
        key = uuid.uuid4().hex
        job = _Recommending(shipped, listed, count, narrowed, why, as_lists, schema, key)
        chunks = -(-len(lists.users) // lists.size)
        tasks = min(chunks, _TASKS_OF_A_CORE * spark.sparkContext.defaultParallelism)
        frame = spark.range(0, chunks, 1, tasks).mapInArrow(job, ddl)
        rows = output.write(frame, spark, "recommend")
    unknown = lists.unknown if lists.is_listed else 0
    return {"users": len(lists.users), "unknown_users": unknown, "rows": rows}


@dataclass(frozen=True)
class _Predicting:
    """Predicts for rows on an executor."""

    shipped: Shipped
    column: str | None
    keep: Sequence[str]
    schema: pa.Schema

    def __call__(self, rows: Iterator[Rows]) -> Iterator[pa.RecordBatch]:
        predictor = _loaded(self.shipped)
        for some in rows:
            for begin in range(0, len(some.frame), ROWS):
                frame = some.frame[begin : begin + ROWS]
                answer = _answer(predictor, frame, some.start + begin, self.column, self.keep)
                yield from _batches(answer, self.schema)


def predict_by_spark(
    spark: Any,
    predictor: Predictor,
    source: str,
    output: SparkOutput,
    *,
    keep: Sequence[str] = (),
    text_column: str | None = None,
    trust: bool = False,
) -> int:
    """Write the predictions for the rows of a table, with the work done by executors.

    Args:
        spark: the session.
        predictor: the export, loaded here too, so that what is wrong is said at once.
        source: a path or URL that Spark reads: a table, or a folder of tables with the same
            columns, whose rows are counted in the order of the files' names.
        output: where they go.
        keep: columns of the table to write beside the predictions.
        text_column: the column of texts; None finds it by its name.
        trust: load the export on executors even if it could do what no export of this kit does.

    Returns:
        The number of rows.

    Raises:
        UserError: the source cannot be read, a column is missing, or the model reads images.
    """
    if predictor.card.task in ("detection", "image-classification"):
        raise UserError(
            "--engine spark reads tables, not images.",
            where=source,
            expected="an export that reads the rows or the texts of a table",
            remedy="Leave --engine spark out.",
        )
    table = open_spark_table(spark, source, TableFormat())
    columns = table.tables[0].columns
    for one in table.tables:
        if {*one.columns} != {*columns}:
            raise UserError(
                "The files of the source have different columns.",
                where=str(one.path),
                expected=", ".join(columns),
                remedy="Keep the files of each kind in a folder of their own.",
            )
    if missing := [name for name in keep if name not in columns]:
        raise UserError(
            f"There is no column {missing[0]!r}.", where=source, expected=", ".join(columns)
        )
    is_table = isinstance(predictor.card, TabularCard | UpliftCard)
    column = None if is_table else text_column_of(predictor, table.tables[0], text_column)
    wanted = [*columns] if column is None else [column]
    wanted = list(dict.fromkeys([*wanted, *keep]))
    with spark_errors(source):
        head = _head(table, wanted)
        ddl, schema = _schema(_answer(predictor, head, 0, column, keep))
        shipped = Shipped.to(spark, predictor.version, trust=trust)
        job = _Predicting(shipped, column, tuple(keep), schema)
        frame = table.map([wanted] * len(table.tables), job, ddl)
        return output.write(frame, spark, "predict")


def _answer(
    predictor: Predictor, frame: pl.DataFrame, start: int, column: str | None, keep: Sequence[str]
) -> pl.DataFrame:
    given: Any = frame if column is None else frame[column].fill_null("").to_list()
    numbers = pl.Series("row", range(start + 1, start + 1 + len(frame)), dtype=pl.Int64)
    answer = predictor.predict(given)
    return pl.DataFrame([numbers, *(frame[name] for name in keep), *answer.get_columns()])


def _head(table: SparkTable, wanted: Sequence[str]) -> pl.DataFrame:
    """A few rows, whose predictions tell the columns of all."""
    found = table.map([wanted] * len(table.tables), _first_rows, "found binary", head=2).collect()
    frame: pl.DataFrame = pickle.loads(found[0].found)
    return frame.head(2)


def _first_rows(rows: Iterator[Rows]) -> Iterator[pa.RecordBatch]:
    for some in rows:
        yield pa.RecordBatch.from_arrays([pa.array([pickle.dumps(some.frame)])], names=["found"])


def _schema(frame: pl.DataFrame) -> tuple[str, pa.Schema]:
    """The columns of a frame as Spark and as Arrow name their types."""
    words, fields = [], []
    for name, dtype in frame.schema.items():
        inner = dtype.inner if isinstance(dtype, pl.List) else dtype
        word, kind = _TYPES.get(type(inner), ("string", pa.string()))
        if isinstance(dtype, pl.List):
            word, kind = f"array<{word}>", pa.list_(kind)
        quoted = name.replace("`", "``")
        words.append(f"`{quoted}` {word}")
        fields.append(pa.field(name, kind))
    return ", ".join(words), pa.schema(fields)


def _batches(frame: pl.DataFrame, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    others = [n for n, kind in frame.schema.items() if type(kind) not in _TYPES and kind != pl.List]
    table = frame.with_columns(pl.col(others).cast(pl.String)).to_arrow()
    yield from table.cast(schema).to_batches()
