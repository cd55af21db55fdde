from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from kit.config import CheckpointOptions
from kit.console import Command, checkpoint_options

SETTINGS = {"dim": 8, "seed": 0, "loss": "full"}


def run(line: str):
    """What a command with these options is called with."""
    got: list[CheckpointOptions] = []
    command = click.command(cls=Command, example="")(
        checkpoint_options(lambda checkpoint: got.append(checkpoint))
    )
    return CliRunner().invoke(command, line.split()), got


def checkpoints(line: str, **settings):
    result, got = run(line)
    assert result.exit_code == 0, result.output
    return got[0].of_run(Path("reports/mine"), {**SETTINGS, **settings})


def test_by_default_they_lie_beside_the_report_and_training_goes_on_if_it_can():
    found = checkpoints("")
    assert found.folder == Path("reports/mine/checkpoints")
    assert (found.every_steps, found.every_seconds, found.keep) == (None, 60.0, 3)
    assert found.resume is None
    assert found.settings == SETTINGS


def test_what_is_asked_for_is_taken(tmp_path):
    found = checkpoints(
        f"--resume --checkpoints {tmp_path} --checkpoint-minutes .5 --checkpoint-steps 9 "
        "--keep-checkpoints 1"
    )
    assert found.folder == tmp_path
    assert (found.every_steps, found.every_seconds, found.keep) == (9, 30.0, 1)
    assert found.resume is True
    assert checkpoints("--fresh").resume is False


def test_what_changes_nothing_that_is_learned_may_change():
    places = {"data": "a.csv", "items": "b.csv", "users": None, "output": "m", "report": "r"}
    found = checkpoints("", **places, quiet=True, strategy="mirrored", batch_size=64)
    assert found.settings == {**SETTINGS, "batch_size": 64}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--checkpoint-minutes 0", "0.0 is not in the range x>0"),
        ("--checkpoint-steps 0", "0 is not in the range x>=1"),
        ("--keep-checkpoints 0", "0 is not in the range x>=1"),
        ("--resum", "--resume"),
    ],
)
def test_mistakes_are_told_with_what_is_right(line, said):
    result, got = run(line)
    assert (result.exit_code, got) == (2, [])
    assert said in result.stderr


def test_the_folder_is_looked_at_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    result, got = run(f"--checkpoints {tmp_path / 'file' / 'inner'}")
    assert (result.exit_code, got) == (2, [])
    assert "The folder of --checkpoints cannot be written." in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
