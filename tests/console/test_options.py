import os

import click
import pytest
from click.testing import CliRunner

from kit.config import DataOptions, TrainingOptions
from kit.console import Command, data_options, index_options, source_argument, training_options
from kit.errors import UserError


def run(arguments, *, bundles=(data_options, training_options)):
    """What a command with the shared options is called with."""
    got = {}

    def do(**values):
        got.update(values)

    for bundle in bundles:
        do = bundle(do)
    command = click.command(cls=Command, example="")(do)
    return CliRunner().invoke(command, arguments), got


def test_options_come_in_two_bundles():
    command = "--data a.csv --user-column u --limit 5 --seed 3 --epochs 2 --dim 16 --quiet"
    result, got = run(command.split())
    assert result.exit_code == 0, result.output
    assert got["data"] == DataOptions(
        "a.csv", "u", None, None, None, None, None, None, limit=5, seed=3
    )
    training = got["training"]
    assert isinstance(training, TrainingOptions)
    assert (training.epochs, training.dim, training.quiet) == (2, 16, True)
    assert (training.output, training.report, training.strategy) == (None, None, "auto")


def test_the_source_may_be_an_argument():
    result, got = run(["a.csv"], bundles=[source_argument])
    assert (result.exit_code, got["data"].data) == (0, "a.csv")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "Missing option '--data'"),
        ("--data a --epochs 0", "0 is not in the range x>=1"),
        ("--data a --dim 1", "1 is not in the range x>=2"),
        ("--data a --limit 0", "0 is not in the range x>=1"),
        ("--data a --seed -1", "-1 is not in the range"),
        ("--data a --learning-rate 0", "0.0 is not in the range x>0"),
        ("--data a --split tme", "'tme' is not one of 'time', 'leave-one-out', 'random', 'given'"),
        ("--data a --strategy gpu", "'gpu' is not one of"),
        (
            "--data a --precision half",
            "'half' is not one of 'auto', 'float32', 'mixed_bfloat16', 'mixed_float16'",
        ),
        ("--data a --epoch", "--epochs"),
        ("--data a --batchsize 5", "Did you mean '--batch-size'"),
    ],
)
def test_mistyped_options_are_told_with_what_is_right(arguments, said):
    result, got = run(arguments.split())
    assert (result.exit_code, got) == (2, {})
    assert said in result.stderr


@pytest.mark.parametrize("option", ["--output", "--report"])
def test_folders_are_looked_at_before_training(tmp_path, option):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "inner" / "most"):
        result, got = run(["--data", "a.csv", option, str(folder)])
        assert (result.exit_code, got) == (2, {})
        assert result.stderr.splitlines() == [
            f"Error: The folder of {option} cannot be written.",
            f"  where: {folder}",
            f"  expected: {tmp_path / 'file'} to be a folder you may write to",
            f"  remedy: Name another: {option} FOLDER",
        ]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_without_the_right_to_write(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    result, _ = run(["--data", "a.csv", "--output", str(tmp_path / "model")])
    assert f"expected: {tmp_path} to be a folder you may write to" in result.stderr


def test_a_folder_that_is_not_there_yet_is_right(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in (str(tmp_path), str(tmp_path / "a" / "b"), "new", "."):
        result, got = run(["--data", "a.csv", "--output", folder])
        assert result.exit_code == 0, result.output
        assert got["training"].output == folder
    assert list(tmp_path.iterdir()) == []


def test_opening_and_splitting(shop):
    data, items = shop
    values = {"data": str(data), "items": str(items), "split": "random", "seed": 0, "limit": 500}
    names = DataOptions.__dataclass_fields__
    options = DataOptions(**{name: values.get(name) for name in names})
    dataset = options.split_of(options.open())
    assert dataset.split_method == "random"
    assert len(dataset.train) + len(dataset.valid) + len(dataset.test) == 500
    assert dataset.items is not None
    missing = DataOptions(**{**{name: values.get(name) for name in names}, "user_column": "who"})
    with pytest.raises(UserError, match="who"):
        missing.open()


def test_the_index_has_defaults_and_is_a_setting_of_the_export():
    result, got = run([], bundles=(index_options,))
    assert result.exit_code == 0, result.output
    settings = got["index"].settings()
    assert (settings.kind, settings.recall, settings.rows) == ("auto", 0.95, "float32")
    _, got = run(
        ["--index", "inverted-file", "--recall", "0.8", "--index-rows", "int8"],
        bundles=(index_options,),
    )
    settings = got["index"].settings()
    assert (settings.kind, settings.recall, settings.rows) == ("inverted-file", 0.8, "int8")


@pytest.mark.parametrize(
    "arguments", ["--index hnsw", "--recall 0", "--recall 1.5", "--index-rows f8"]
)
def test_an_index_that_is_not_there_is_refused(arguments):
    result, _ = run(arguments.split(), bundles=(index_options,))
    assert result.exit_code == 2
