import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from kit.data import CleaningStep, Columns, open_source
from kit.errors import UserError
from tests.data.files import SHARED, delimited, grid, write


def test_the_same_rows_from_every_format(tmp_path: Path) -> None:
    text = delimited("user_id item_id timestamp rating", "1 10 100 5", "2 20 200 4", "1 20 300 3")
    csv = write(tmp_path / "a.csv", text)
    frame = pl.read_csv(csv)
    frame.write_csv(tmp_path / "a.tsv", separator="\t")
    frame.write_ndjson(tmp_path / "a.jsonl")
    frame.write_parquet(tmp_path / "a.parquet")
    expected = open_source(csv).interactions
    assert dict(expected.schema) == {
        "user_id": pl.Categorical,
        "item_id": pl.Categorical,
        "time": pl.Int64,
        "weight": pl.Float64,
    }
    for name in ("a.tsv", "a.jsonl", "a.parquet"):
        assert open_source(str(tmp_path / name)).interactions.equals(expected), name
    for name in ("a.csv", "a.tsv", "a.jsonl"):
        file = write(tmp_path / "gz" / f"{name}.gz", (tmp_path / name).read_text())
        assert open_source(file).interactions.equals(expected), name


def test_what_was_dropped_is_counted(tmp_path: Path) -> None:
    text = delimited("user_id item_id", "a x", "a x", " x", "b y", "a x")
    source = open_source(write(tmp_path / "a.csv", text))
    assert source.rows_read == 5
    assert source.interactions.rows() == [("a", "x"), ("b", "y")]
    assert source.cleaning == (
        CleaningStep("rows without user", 1),
        CleaningStep("exact duplicate rows", 2),
    )


def test_times_within_a_second_are_no_duplicates(tmp_path: Path) -> None:
    times = ("1600000000100", "1600000000200", "1600000000100")
    rows = [f"{user} {user} {time}" for user in "ab" for time in times]
    source = open_source(write(tmp_path / "a.csv", delimited("user_id item_id ts", *rows)))
    assert source.interactions["time"].to_list() == [1_600_000_000] * 4


def test_a_given_split_stays_unchanged(tmp_path: Path) -> None:
    rows = delimited("user_id item_id", "a x", "b y", "a x")
    for part in ("train", "test"):
        write(tmp_path / f"{part}.csv", rows)
    source = open_source(str(tmp_path))
    assert source.interactions.height == 6
    assert source.cleaning == ()


def test_the_limit_keeps_the_last_rows_by_time(tmp_path: Path) -> None:
    text = delimited("user_id item_id time", "a x 30", "b y 10", "c z 40", "d w 20")
    source = open_source(write(tmp_path / "a.csv", text), limit=2)
    assert source.interactions["user_id"].to_list() == ["a", "c"]
    assert source.cleaning == (CleaningStep("rows beyond the limit", 2),)


def test_without_time_the_limit_keeps_the_first_rows(tmp_path: Path) -> None:
    text = delimited("user_id item_id", "a x", "b y", "c z")
    source = open_source(write(tmp_path / "a.csv", text), limit=2)
    assert source.interactions["user_id"].to_list() == ["a", "b"]


def test_of_a_given_split_the_limit_takes_from_train(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", grid(3, 3))
    write(tmp_path / "test.csv", grid(2, 2))
    source = open_source(str(tmp_path), limit=4)
    assert source.interactions["part"].to_list() == ["train"] * 4 + ["test"] * 4
    assert source.interactions["user_id"].to_list()[:4] == ["u1", "u2", "u2", "u2"]


def test_a_limit_of_nothing() -> None:
    with pytest.raises(UserError, match=r"--limit"):
        open_source("online-retail", limit=0)


def test_columns_can_be_named_and_left_out(tmp_path: Path) -> None:
    text = delimited("buyer thing when rating", "a x 5 -1", "b y 6 2")
    source = open_source(
        write(tmp_path / "a.csv", text),
        columns=Columns(user="buyer", item="thing", time="when", weight=""),
    )
    assert source.interactions.columns == ["user_id", "item_id", "time"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("user_id,item_id\n", "no rows"),
        ("user_id,item_id\na,x\na,y\n", "only one user: 'a'"),
        ("user_id,item_id\na,x\nb,x\n", "only one item: 'x'"),
        ("user_id,item_id\na,\nb,\n", r"'item_id' \(item\) is empty"),
        ("user_id,item_id,time\na,x,\nb,y,\n", r"'time' \(time\) is empty"),
        ("user_id,item_id,time\na,x,1\nb,y,then\n", "'then' does not parse"),
        ("user_id,item_id,rating\na,x,1\nb,y,-2\n", "weight '-2'"),
        ("user_id,product\na,x,1\n", "3 cells"),
        ("user_id,thing\na,x\n", "No column is recognised as the item"),
        ("user_id,userid,item\na,b,x\n", "Several columns could be the user"),
        ("user_id,item_id\n1,x\n1.0,y\nu,y\n", "mixed type"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=rf"{message}(.|\n)*bad\.csv"):
        open_source(write(tmp_path / "bad.csv", text))


def test_an_unknown_name_gets_a_close_match() -> None:
    with pytest.raises(UserError, match=r"'online-retial'(.|\n)*Did you mean online-retail"):
        open_source("online-retial")
    for name in ("nothing", ""):
        with pytest.raises(UserError, match=rf"'{name}'(.|\n)*built-in name: online-retail"):
            open_source(name)


def test_the_columns_of_a_built_in_set_are_fixed() -> None:
    with pytest.raises(UserError, match=r"'foo'(.|\n)*online-retail"):
        open_source("online-retail", columns=Columns(user="foo"))
    with pytest.raises(UserError, match=r"fixed(.|\n)*user: customer_id"):
        open_source("online-retail", columns=Columns(user="stock_code", item="customer_id"))
    source = open_source("online-retail", columns=Columns(time="", weight=""))
    assert source.interactions.columns == ["user_id", "item_id"]


def test_a_missing_file_is_no_built_in_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no such file or folder"):
        open_source(str(tmp_path / "none.csv"))


def test_no_tensorflow_is_imported_to_open_and_split() -> None:
    code = (
        "import sys, kit.data as d; d.profile(s := d.open_source('online-retail'), d.split(s));"
        "print([m for m in ('tensorflow', 'tensorflow_datasets', 'keras') if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_movielens_in_recbole_form() -> None:
    folder = SHARED / "movielens-100k"
    if not folder.exists():
        pytest.skip("MovieLens may not be shipped; it is read from ../shared")
    source = open_source(
        str(folder / "ml-100k.inter"),
        items=str(folder / "ml-100k.item"),
        users=str(folder / "ml-100k.user"),
    )
    assert source.interactions.height == source.rows_read == 100_000
    assert source.items is not None
    assert source.users is not None
    assert source.items.filter(item_id="1")["movie_title"].item() == "Toy Story"
    assert source.users.filter(user_id="196")["age"].item() == 49
