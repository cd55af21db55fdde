"""Sources that are in memory, and how data objects show themselves."""

import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from kit.data import open_prepared, open_source, prepare, split
from kit.data.table import open_ranking, split_ranking
from kit.data.text2text import open_text2text, split_text2text
from kit.data.texts import open_texts, split_texts
from kit.errors import UserError
from tests.data.files import grid, write

LOG = pl.DataFrame(
    {
        "user_id": [f"u{n % 7}" for n in range(60)],
        "item_id": [n % 5 for n in range(60)],
        "timestamp": [1_600_000_000 + n for n in range(60)],
    }
)
ITEMS = pl.DataFrame({"item_id": range(5), "title": list("abcde")})


class Dtype:
    def __init__(self, kind: str) -> None:
        self.kind = kind


class Column:
    """As a column of pandas with a type of its own behaves."""

    dtype = Dtype("O")

    def __init__(self, values: list[object]) -> None:
        self.values = values

    def isna(self) -> "Column":
        return Column([value is None or value != value for value in self.values])

    def astype(self, kind: type) -> "Column":
        return self

    def tolist(self) -> list[object]:
        return self.values


class DataFrame:
    """As a table of pandas behaves."""

    def __init__(self, columns: dict[str, list[object]]) -> None:
        self.columns = list(columns)
        self.iloc = self
        self._columns = columns

    def __getitem__(self, place: tuple[slice, int]) -> Column:
        return Column(self._columns[self.columns[place[1]]])


DataFrame.__module__ = "pandas.core.frame"


@pytest.mark.parametrize("lazy", [False, True])
def test_frames_of_polars_are_sources(lazy: bool) -> None:
    source = open_source(LOG.lazy() if lazy else LOG, items=ITEMS.lazy() if lazy else ITEMS)
    assert (source.name, source.rows_read) == ("DataFrame", 60)
    assert source.items is not None
    assert source.items.filter(item_id="3")["title"].item() == "d"


def test_frames_give_what_their_files_give(tmp_path: Path) -> None:
    LOG.write_parquet(tmp_path / "log.parquet")
    ITEMS.write_parquet(tmp_path / "items.parquet")
    of_files = open_source(tmp_path / "log.parquet", items=tmp_path / "items.parquet")
    of_frames = open_source(LOG, items=ITEMS)
    assert of_frames.interactions.equals(of_files.interactions)
    assert of_frames.items is not None
    assert of_frames.items.equals(of_files.items)


def test_frames_of_pandas_are_sources() -> None:
    table = DataFrame(
        {
            "user_id": ["a", "b", None, "b"],
            "item_id": [1.0, 2.0, 3.0, float("nan")],
            "time": [datetime.datetime(2024, 1, day) for day in (1, 2, 3, 4)],
        }
    )
    source = open_source(table)
    assert source.interactions.select(pl.col("user_id", "item_id").cast(str)).rows() == [
        ("a", "1"),
        ("b", "2"),
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (LOG.lazy().select(pl.col("none")), "cannot be collected"),
        (LOG.clear(), "no rows"),
        (LOG.drop("item_id"), "No column is recognised as the item"),
        (LOG.with_columns(timestamp=pl.lit("then")), "column timestamp, row 0"),
        (DataFrame({"user_id": ["a", 1], "item_id": ["x", "y"]}), "values of several types"),
        (np.zeros((2, 2)), "of the type ndarray"),
        (None, "of the type NoneType"),
    ],
)
def test_frames_that_cannot_be_used(table: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        open_source(table)  # type: ignore[arg-type]


def test_paths_are_sources_of_every_kind(tmp_path: Path) -> None:
    texts = "".join(f"some words {n},{n % 2},{n}\n" for n in range(40))
    write(tmp_path / "texts.csv", f"text,label,length\n{texts}")
    assert len(open_texts(tmp_path / "texts.csv").texts) == 40
    assert len(open_text2text(tmp_path / "texts.csv", target_column="label").sources) == 40
    assert open_ranking(tmp_path / "texts.csv").rows_read == 40
    frame = pl.read_csv(tmp_path / "texts.csv")
    assert len(open_texts(frame).texts) == 40
    assert len(open_text2text(frame, target_column="label").sources) == 40
    assert open_ranking(frame).rows_read == 40


def test_data_show_themselves_in_a_line(tmp_path: Path) -> None:
    source = open_source(write(tmp_path / "log.csv", grid(20, 10)))
    dataset = split(source, "random")
    prepare(dataset, tmp_path / "prepared")
    texts = open_texts(
        pl.DataFrame({"text": [f"t {n}" for n in range(40)], "label": ["a", "b"] * 20})
    )
    pairs = open_text2text(pl.DataFrame({"a": [f"t {n}" for n in range(40)], "b": list("xy") * 20}))
    table = open_ranking(pl.DataFrame({"x": range(40), "label": [0, 1] * 20}))
    shown = [
        repr(one)
        for one in (
            source,
            dataset,
            open_prepared(str(tmp_path / "prepared")),
            texts,
            split_texts(texts),
            pairs,
            split_text2text(pairs),
            table,
            split_ranking(table),
        )
    ]
    assert "200 interactions, 20 users, 10 items" in shown[0]
    assert shown[2].startswith("Prepared(")
    for text in shown:
        assert "\n" not in text
        assert len(text) < 200 + len(str(tmp_path))


def test_a_prepared_folder_is_no_source(tmp_path: Path) -> None:
    prepare(split(open_source(LOG), "random"), tmp_path / "prepared")
    with pytest.raises(UserError, match=r"prepared data(.|\n)*open_prepared"):
        open_source(tmp_path / "prepared")
