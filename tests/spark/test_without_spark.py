"""Messages where Spark cannot begin, and that nothing else asks for it."""

import importlib.util
import os
import stat
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.data import read_numbers, to_weights
from kit.data.spark import SparkOutput, check_java
from kit.errors import UserError

LOG = "user_id,item_id\n" + "".join(f"u{n % 7},i{n % 11}\n" for n in range(200))
has_pyspark = importlib.util.find_spec("pyspark") is not None


def refused(*words: str) -> str:
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2, result.output
    return result.output


@pytest.mark.skipif(has_pyspark, reason="pyspark is installed")
def test_the_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(LOG)
    words = ("prepare", str(tmp_path / "log.csv"), str(tmp_path / "out"), "--engine", "spark")
    assert "pip install 'keras-application-kit[spark]'" in refused(*words)


def java_that_says(folder: Path, words: str) -> None:
    program = folder / "bin" / "java"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{words}' >&2\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_java_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UserError, match="There is no Java") as missing:
        check_java()
    assert f"JAVA_HOME={tmp_path}" in str(missing.value)
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="There is no Java"):
        check_java()


@pytest.mark.parametrize(
    ("version", "is_right"),
    [('openjdk version "17.0.15"', True), ('java version "1.8.0_402"', True), ('"21.0.1"', False)],
)
def test_versions_of_java(
    version: str, is_right: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java_that_says(tmp_path, version)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    if is_right:
        check_java()
        return
    with pytest.raises(UserError, match="does not run on Java"):
        check_java()


def test_options_that_belong_together(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    assert "--engine spark" in refused("prepare", "a.csv", out, "--master", "local[2]")
    assert "--output DIR" in refused("recommend", "m", "--user", "u", "--engine", "spark")
    assert "--data and --output" in refused("predict", "m", "--input", "a=1", "--engine", "spark")


def test_outputs_that_cannot_be_are_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    words = ("recommend", "no-model", "--all-users", "--engine", "spark", "--output")
    assert "something already" in refused(*words, str(tmp_path))
    assert ".parquet, .csv, .tsv or .jsonl" in refused(*words, "answers.xlsx")
    assert "Spark does not write '-'" in refused(*words, "-")
    assert "no columns of lists" in refused(*words, str(tmp_path / "a.csv"), "--list-column")
    assert SparkOutput.of(str(tmp_path / "answers")).format == ".parquet"
    if os.geteuid():
        (tmp_path / "closed").mkdir(mode=0o500)
        assert "cannot be written" in refused(*words, str(tmp_path / "closed" / "out.csv"))


def test_a_prepared_folder_that_exists_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    for engine in ("local", "spark"):
        words = ("prepare", "no.csv", str(tmp_path), "--engine", engine)
        assert "something already" in refused(*words)


def test_this_machine_imports_no_pyspark(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(LOG)
    code = f"""
import sys
from kit.cli import main
main(["prepare", "{tmp_path}/log.csv", "{tmp_path}/out"], standalone_mode=False)
print([name for name in sys.modules if name.startswith(("pyspark", "py4j", "kit.data.spark._"))])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


def test_a_part_of_a_column_is_read_as_the_column_is() -> None:
    cells = pl.Series(["1,5", "2", "1.234,5", "x", "3 €", "7%", None] + ["4,5"] * 200)
    whole = cells.drop_nulls().value_counts(name="rows")
    whole.columns = ["cell", "rows"]
    read = read_numbers(cells)
    parts = [read_numbers(cells[n : n + 3], whole=whole) for n in range(0, len(cells), 3)]
    assert pl.concat(part.values for part in parts).equals(read.values, null_equal=True)
    assert pl.concat(part.odd for part in parts).equals(read.odd)
    assert {part.is_column() for part in parts} == {read.is_column()} == {True}
    place = {"where": "a.csv, column w", "first_row": 2}
    weights = to_weights(cells, **place)
    assert to_weights(cells[:4], **place, whole=whole).equals(weights[:4], null_equal=True)
    # Alone, the sign of the first cells would be another one.
    assert read_numbers(cells[2:3]).decimal == read.decimal
    assert read_numbers(pl.Series(["1.234"])).values.to_list() == [1.234]
    assert read_numbers(pl.Series(["1.234"]), whole=whole).values.to_list() == [1234.0]
