"""`kit deploy`, as it is typed."""

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from kit.cli import main


def kit(line: str, *more: str | Path):
    return CliRunner().invoke(main, [*shlex.split(line), *map(str, more)])


def test_a_trained_model_is_deployed_twice_into_the_same_folder(at, trained):
    for more in ([], ["--batching"]):
        result = kit("deploy", trained.model, "--replicas", "3", *more)
        assert result.exit_code == 0, result.output
        assert "compose.yaml" in result.stdout
        assert "model on tensorflow/serving:" in result.stdout
        assert "Note: Batching is o" in result.stdout
    assert "minReplicas: 3" in (at / "deploy" / "model" / "kubernetes.yaml").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--memory much", "no amount of memory"),
        ("--image tensorflow/serving", "which version is meant"),
        ("--model-name 'a b'", "cannot be a model's name"),
        ("--output mine", "did not write"),
        ("--replicas 0", "--replicas"),
        ("--replica 2", "Did you mean '--replicas'?"),
    ],
)
def test_mistakes_are_told_and_leave_no_file(at, trained, options, said):
    (at / "mine").mkdir()
    (at / "mine" / "file").write_text("")
    result = kit(f"deploy {options}", trained.model)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(p.name for p in at.rglob("*")) == ["file", "mine"]


def test_where_there_is_no_model_the_error_says_so(at):
    result = kit("deploy saved_models/two-towr")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "Error: No exported model here.\n  where: saved_models/two-towr"
    )
    assert list(at.iterdir()) == []


# A training on several machines

TRAINING = "-- kit train two-tower --data 'my log.csv' --limit 9"


def test_a_folder_alone_is_served_as_with_the_word(at, trained):
    for words in (["deploy"], ["deploy", "serve"], ["deploy", "--replicas", "3"]):
        result = CliRunner().invoke(main, [*words, str(trained.model)])
        assert result.exit_code == 0, result.output
        assert "model on tensorflow/serving:" in result.stdout


@pytest.mark.parametrize("line", ["deploy", "deploy --help"])
def test_help_shows_both_with_an_example_of_each(line):
    result = kit(line)
    shown = " ".join(result.output.split())
    assert "kit deploy saved_models/two-tower kit deploy train --workers 4" in shown
    assert "serve Write files" in shown
    assert "train Write files" in shown


def test_files_for_serving_and_for_training_do_not_replace_each_other(at, trained):
    assert kit("deploy --output out", trained.model).exit_code == 0
    result = kit(f"deploy train --output out {TRAINING}")
    assert result.exit_code == 2
    assert "did not write" in result.stderr
    assert (at / "out" / "kserve.yaml").exists()
