"""What Spark prepares is what this machine prepares, and what one refuses the other does."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from kit.config import DataOptions
from kit.data import prepare
from kit.data.spark import SparkReader
from kit.errors import UserError
from tests.spark.session import differences, needs_spark

pytestmark = needs_spark
ROWS = 2000


def log(rows: int = ROWS) -> pl.DataFrame:
    rng = np.random.default_rng(7)
    return pl.DataFrame(
        {
            "user_id": rng.integers(0, 120, rows),
            "item_id": (60 * rng.random(rows) ** 2).astype(np.int64),
            "timestamp": rng.integers(1_600_000_000, 1_602_000_000, rows),
            "rating": rng.integers(1, 6, rows),
        }
    )


def every(number: int, column: str, value: str) -> pl.Expr:
    """The column as text, with something else in every so many rows."""
    is_it = pl.int_range(pl.len()) % number == number - 1
    return (
        pl.when(is_it).then(pl.lit(value)).otherwise(pl.col(column).cast(pl.String)).alias(column)
    )


def times(form: str) -> pl.Expr:
    return pl.from_epoch("timestamp").dt.strftime(form).alias("timestamp")


def csv(folder: Path) -> Path:
    log().write_csv(folder / "log.csv")
    return folder / "log.csv"


def without_time(folder: Path) -> Path:
    log().drop("timestamp").write_csv(folder / "log.tsv", separator="\t")
    return folder / "log.tsv"


def quoted(folder: Path) -> Path:
    names = pl.format('Zoë, "{}" & Jürgen', "user_id").alias("user_id")
    frame = log().with_columns(names, pl.format(" 商品{}\xa0", "item_id").alias("item_id"))
    text = frame.write_csv().replace("\n", "\r\n")
    (folder / "log.csv").write_bytes(text.encode())
    return folder / "log.csv"


def quotes_as_text(folder: Path) -> Path:
    frame = log().with_columns(pl.format('7" single {}', "item_id").alias("item_id"))
    frame.write_csv(folder / "log.csv", quote_style="never")
    return folder / "log.csv"


def bad_rows(folder: Path) -> Path:
    frame = log().with_columns(
        every(50, "user_id", " NULL "),
        every(61, "item_id", ""),
        every(67, "timestamp", "n/a"),
        every(400, "rating", "x"),
    )
    text = frame.write_csv().replace("\n", "\n\n", 1)
    (folder / "log.csv").write_text("\n" + text + text[-400:].split("\n", 1)[1] + "\n\n\n")
    return folder / "log.csv"


def commas(folder: Path) -> Path:
    rating = pl.format("{},{}", "rating", pl.col("rating") * 2).alias("rating")
    frame = log().with_columns(rating, times("%d/%m/%Y %H:%M"))
    frame.write_csv(folder / "log.csv", separator=";")
    return folder / "log.csv"


def parquet(folder: Path) -> Path:
    frame = log().with_columns(
        pl.from_epoch("timestamp").dt.replace_time_zone("UTC"),
        pl.col("user_id").cast(pl.Float64).replace(5.0, None),
        pl.col("rating").cast(pl.Float32).replace(2.0, float("inf")),
    )
    frame.write_parquet(folder / "log.parquet", row_group_size=300)
    return folder / "log.parquet"


def json_lines(folder: Path) -> Path:
    frame = log().with_columns(pl.format('ü "{}"', "user_id").alias("user_id"))
    frame.write_ndjson(folder / "log.jsonl")
    return folder / "log.jsonl"


def shards(folder: Path) -> Path:
    """Of different orders of columns, forms of times and compression."""
    frame, place = log(), folder / "shards"
    place.mkdir()
    frame[:700].write_csv(place / "a.csv")
    later = frame[700:1400].select("rating", "item_id", times("%Y-%m-%d %H:%M:%S"), "user_id")
    (place / "b.csv.gz").write_bytes(gzip.compress(later.write_csv().encode()))
    last = frame[1400:].with_columns(pl.col("timestamp") * 1000)
    last.write_csv(place / "c.tsv", separator="\t")
    return place


def given_parts(folder: Path) -> Path:
    frame, place = log(), folder / "parts"
    place.mkdir()
    for name, part in (("train", frame[:1500]), ("test", frame[1500:1800]), ("dev", frame[1800:])):
        part.write_parquet(place / f"{name}.parquet")
    return place


def split_column(folder: Path) -> Path:
    part = pl.Series("split", ["train", "train", "test", " valid"] * (ROWS // 4))
    log().with_columns(part).write_csv(folder / "log.csv")
    return folder / "log.csv"


def atomic(folder: Path) -> Path:
    names = ["user_id:token", "item_id:token", "timestamp:float", "rating:float"]
    log().rename(dict(zip(log().columns, names, strict=True))).write_csv(
        folder / "log.inter", separator="\t"
    )
    return folder / "log.inter"


def without_header(folder: Path) -> Path:
    log().write_csv(folder / "log.dat", include_header=False)
    return folder / "log.dat"


BY_NUMBER = {"header": False, "user_column": "1", "item_column": "2", "time_column": "3"}
SOURCES: list[tuple[Callable[[Path], Path], dict[str, Any]]] = [
    (csv, {}),
    (csv, {"split": "leave-one-out", "limit": 1500, "min_weight": 3.0, "without_users": "u.txt"}),
    (without_time, {"seed": 3}),
    (quoted, {"items": "items.csv"}),
    (quotes_as_text, {}),
    (bad_rows, {}),
    (commas, {}),
    (parquet, {}),
    (json_lines, {}),
    (shards, {}),
    (given_parts, {}),
    (split_column, {}),
    (atomic, {}),
    (without_header, BY_NUMBER),
]


@pytest.mark.parametrize(("write", "options"), SOURCES)
def test_prepared_folders_are_equal(
    write: Callable[[Path], Path], options: dict[str, Any], session: Any, tmp_path: Path
) -> None:
    (tmp_path / "u.txt").write_text("3\n77\n")
    items = pl.DataFrame({"item_id": [f"商品{n}" for n in range(50)], "price": range(50)})
    items.write_csv(tmp_path / "items.csv")
    for name in ("without_users", "items"):
        if name in options:
            options = {**options, name: str(tmp_path / options[name])}
    data = DataOptions(data=str(write(tmp_path)), **options)
    prepare(data.split_of(data.open()), tmp_path / "here")
    source = data.open(SparkReader(session))
    assert source.interactions.height > 1000
    prepare(data.split_of(source), tmp_path / "there")
    assert differences(tmp_path / "here", tmp_path / "there") == []


def of_frame(frame: pl.DataFrame, name: str = "log.csv") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        if name.endswith(".parquet"):
            frame.write_parquet(folder / name, row_group_size=300)
        else:
            frame.write_csv(folder / name)
        return folder / name

    return write


def of_text(text: str, name: str = "log.csv") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_text(text)
        return folder / name

    return write


def missing_file(folder: Path) -> Path:
    return folder / "no.csv"


def different_files(folder: Path) -> Path:
    place = folder / "shards"
    place.mkdir()
    log().write_csv(place / "a.csv")
    log().drop("timestamp").write_csv(place / "b.csv")
    return place


GOOD = log().write_csv()
LINES = log().drop("rating").write_ndjson()
REFUSED: dict[str, Callable[[Path], Path]] = {
    "times": of_frame(log().with_columns(every(900, "timestamp", "soon"))),
    "units of times": of_frame(
        log().with_columns(
            timestamp=pl.col("timestamp")
            * pl.when(pl.int_range(pl.len()) == 900).then(1).otherwise(1000)
        )
    ),
    "dates": of_frame(log().with_columns(timestamp=pl.format("0{}/05/2020", "rating"))),
    "numbers among dates": of_frame(
        log()
        .with_columns(times("%Y-%m-%d"), rating=pl.lit(1))
        .with_columns(every(1000, "timestamp", "17"))
    ),
    "weights": of_frame(log().with_columns(every(3, "rating", "good"))),
    "negative weights": of_frame(log().with_columns(every(700, "rating", "-2"))),
    "fractional ids": of_frame(log().with_columns(user_id=pl.col("user_id") + 0.5), "log.parquet"),
    "types of weights": of_frame(log().with_columns(rating=pl.lit([1])), "log.parquet"),
    "columns": of_frame(log().rename({"item_id": "thing"})),
    "empty column": of_frame(log().with_columns(timestamp=pl.lit(None, pl.String))),
    "one user": of_frame(log().with_columns(user_id=pl.lit("u"))),
    "a longer row": of_text(GOOD + "1,2,3,4,5\n"),
    "a stray quote": of_text(GOOD + '"1",2,3,4\n1,2"x,3,4\n'),
    "no header": of_text(GOOD.split("\n", 1)[1]),
    "header only": of_text("user_id,item_id\n"),
    "nothing": of_text(""),
    "no JSON": of_text(LINES + '{"user_id": 1,\n', "log.jsonl"),
    "ids of two types": of_text(
        LINES + '{"user_id": "a", "item_id": 1, "timestamp": 3}\n', "log.jsonl"
    ),
    "parts": of_frame(
        log().with_columns(split=pl.lit("train")).with_columns(every(900, "split", "tets"))
    ),
    "no file": missing_file,
    "files": different_files,
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_are_equal(case: str, session: Any, tmp_path: Path) -> None:
    data = DataOptions(data=str(REFUSED[case](tmp_path)))
    with pytest.raises(UserError) as here:
        data.split_of(data.open())
    with pytest.raises(UserError) as there:
        data.split_of(data.open(SparkReader(session)))
    assert str(there.value) == str(here.value)


def latin(folder: Path) -> Path:
    (folder / "log.csv").write_bytes(GOOD.encode() + "café,1,3,4\n".encode("latin-1"))
    return folder / "log.csv"


def mixed(folder: Path) -> Path:
    given_parts(folder)
    log().write_csv(folder / "parts" / "more.csv")
    return folder / "parts"


ONLY_HERE = [
    (csv, {"encoding": "windows-1252"}, "UTF-8 only"),
    (latin, {}, r"line 2002.*--encoding"),
    (mixed, {}, "Parquet or text, not both"),
    (of_text("a", "log.csv.zip"), {}, "not read by --engine spark"),
    (of_text(GOOD + '"a\nb",1,3,4\n'), {}, r"line break.*line 2002.*Parquet"),
    (lambda folder: Path("online-retail"), {}, "built in is not read by Spark"),
]


@pytest.mark.parametrize(("write", "options", "message"), ONLY_HERE)
def test_what_spark_does_not_read_is_named_with_a_remedy(
    write: Callable[[Path], Path],
    options: dict[str, Any],
    message: str,
    session: Any,
    tmp_path: Path,
) -> None:
    data = DataOptions(data=str(write(tmp_path)), **options)
    with pytest.raises(UserError, match=f"(?s){message}") as refused:
        data.open(SparkReader(session))
    assert refused.value.remedy
