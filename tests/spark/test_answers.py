"""What executors answer is what this machine answers, and what they cannot do is one error."""

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.data.spark import SparkOutput
from kit.errors import UserError
from tests.conftest import Trained
from tests.spark.session import needs_spark

pytestmark = needs_spark
ORDER = ["user_id", "rank"]


def command(*words: str) -> str:
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    return result.output


def both(session: Any, tmp_path: Path, *words: str) -> tuple[pl.DataFrame, pl.DataFrame, str]:
    """The answers of this machine and of Spark, and what was printed last."""
    command(*words, "--output", str(tmp_path / "here.parquet"))
    there = tmp_path / "there.parquet"
    said = command(*words, "--output", str(there), "--engine", "spark")
    return pl.read_parquet(tmp_path / "here.parquet"), pl.read_parquet(there / "*.parquet"), said


def assert_alike(here: pl.DataFrame, there: pl.DataFrame, order: list[str]) -> None:
    assert here.schema == there.schema
    here, there = here.sort(order), there.sort(order)
    numbers = [name for name, dtype in here.schema.items() if dtype.is_float()]
    assert there.drop(numbers).equals(here.drop(numbers))
    for name in numbers:
        assert (there[name] - here[name]).abs().max() < 1e-6  # type: ignore[operator]


def test_lists_of_all_users(session: Any, trained: Trained, tmp_path: Path) -> None:
    here, there, said = both(
        session, tmp_path, "recommend", str(trained.model), "--all-users", "--top", "7"
    )
    assert here.height > 500
    assert_alike(here, there, ORDER)
    assert f"{here.height:,} rows" in said


def test_lists_of_some_users(session: Any, trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "users.txt").write_text("shopper-003\nnobody\nshopper-100\n")
    words = ("recommend", str(trained.model), "--users", str(tmp_path / "users.txt"), "--why")
    here, there, said = both(session, tmp_path, *words)
    assert_alike(here, there, ORDER)
    assert set(there.filter(~pl.col("known_user"))["user_id"]) == {"nobody"}
    assert "1 of them unknown" in said


def test_lists_in_columns_as_json_lines(session: Any, trained: Trained, tmp_path: Path) -> None:
    words = ("recommend", str(trained.model), "--all-users", "--list-column", "--output")
    command(*words, str(tmp_path / "here.jsonl"))
    command(*words, str(tmp_path / "there.jsonl"), "--engine", "spark")
    here = pl.read_ndjson(tmp_path / "here.jsonl").sort("user_id")
    there = pl.concat(
        pl.read_ndjson(file)
        for file in sorted((tmp_path / "there.jsonl").glob("*.json"))
        if file.stat().st_size
    ).sort("user_id")
    assert there.select("user_id", "item_id").equals(here.select("user_id", "item_id"))


@pytest.fixture(scope="module")
def ranking(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An export that predicts for rows, and a table of 600 of them."""
    folder = tmp_path_factory.mktemp("ranking")
    rows = pl.DataFrame(
        {
            "row_id": range(600),
            "color": ["rød", "blue, light", 'a "b"'] * 200,
            "size": [float(n % 17) for n in range(600)],
            "label": [int(n % 3 == 0 or n % 17 > 12) for n in range(600)],
        }
    )
    rows.write_csv(folder / "rows.csv")
    quick = ["--epochs", "1", "--quiet", "--ignore", "row_id"]
    places = ["--output", str(folder / "model"), "--report", str(folder / "report")]
    command("train", "ranking", "--data", str(folder / "rows.csv"), *quick, *places)
    return folder / "model", folder / "rows.csv"


@pytest.mark.parametrize("form", ["csv", "shards"])
def test_predictions(form: str, session: Any, ranking: tuple[Path, Path], tmp_path: Path) -> None:
    model, rows = ranking
    whole = source = rows
    if form == "shards":
        source = tmp_path / "shards"
        source.mkdir()
        frame = pl.read_csv(rows)
        frame[:250].write_parquet(source / "a.parquet")
        frame[250:].write_parquet(source / "b.parquet")
        whole = tmp_path / "whole.parquet"
        frame.write_parquet(whole)
    keep = ("--keep", "row_id", "--keep", "color")
    command("predict", str(model), "--data", str(whole), *keep, "--output", f"{tmp_path}/h.parquet")
    there = tmp_path / "there"
    said = command(
        *("predict", str(model), "--data", str(source), *keep),
        *("--output", str(there), "--engine", "spark"),
    )
    here = pl.read_parquet(tmp_path / "h.parquet").with_columns(pl.col("row_id").cast(pl.Int64))
    found = pl.read_parquet(there / "*.parquet").with_columns(pl.col("row_id").cast(pl.Int64))
    assert_alike(here, found, ["row"])
    assert "600 rows" in said


def refusal(*words: str) -> str:
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2, result.output
    return result.output


def test_refusals(
    session: Any, trained: Trained, ranking: tuple[Path, Path], tmp_path: Path
) -> None:
    spark = ("--engine", "spark", "--output", str(tmp_path / "out"))
    model, rows = ranking
    lists = refusal("predict", str(trained.model), "--data", str(trained.data), *spark)
    assert "answers users, not rows" in lists
    assert "no column 'shape'" in refusal(
        "predict", str(model), "--data", str(rows), "--keep", "shape", *spark
    )
    assert "There is no such file" in refusal(
        "predict", str(model), "--data", str(tmp_path / "no.csv"), *spark
    )
    (tmp_path / "short.csv").write_text(rows.read_text() + "1,2,3,4,5,6,7\n")
    answer = refusal("predict", str(model), "--data", str(tmp_path / "short.csv"), *spark)
    assert "line 602" in answer
    assert "Traceback" not in answer
    assert not (tmp_path / "out" / "_SUCCESS").exists()


def test_what_an_executor_refuses_is_one_error(
    session: Any, trained: Trained, tmp_path: Path
) -> None:
    from kit.exports import LoadedExport, recommend_by_spark

    export = LoadedExport(trained.version)
    # Executors get a version without its card.
    version = tmp_path / "model" / "1"
    shutil.copytree(trained.version, version)
    (version / "assets.extra" / "card.json").unlink()
    export.version = version
    with pytest.raises(UserError) as refused:
        recommend_by_spark(session, export, None, 5, SparkOutput.of(str(tmp_path / "out")))
    assert "card" in str(refused.value)
    assert "Traceback" not in str(refused.value)


def test_an_output_that_appeared_is_kept(session: Any, trained: Trained, tmp_path: Path) -> None:
    from kit.exports import LoadedExport, recommend_by_spark

    output = SparkOutput.of(str(tmp_path / "out"))
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match="something already"):
        recommend_by_spark(session, LoadedExport(trained.version), None, 5, output)
