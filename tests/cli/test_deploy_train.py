"""`kit deploy train`, as it is typed."""

import shlex

import pytest
from click.testing import CliRunner

from kit.cli import main

TRAINING = "-- kit train two-tower --data 'my log.csv' --limit 9"


def kit(line: str):
    return CliRunner().invoke(main, shlex.split(line))


def test_a_training_is_deployed_twice_into_the_same_folder(at):
    for more in ("", "--servers 1 --image shop/kit:1.0"):
        result = kit(f"deploy train --workers 4 {more} {TRAINING}")
        assert result.exit_code == 0, result.output
        assert "train.sbatch" in result.stdout
        assert ("runtime.yaml" in result.stdout) == bool(more)
    assert "train-two-tower: 1 chief, 4 worker, 1 ps." in result.stdout
    script = (at / "deploy" / "train-two-tower" / "train.sbatch").read_text()
    assert "kit train two-tower --data 'my log.csv' --limit 9\n" in script


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("deploy train", "Missing argument 'COMMAND...'"),
        ("deploy train --data x", "No such option '--data'"),
        (f"deploy train --workers 0 {TRAINING}", "--workers"),
        (f"deploy train --worker 3 {TRAINING}", "Did you mean '--workers'?"),
        (f"deploy train --image shop/kit {TRAINING}", "which version is meant"),
        (f"deploy train --time soon {TRAINING}", "where: --time"),
    ],
)
def test_mistakes_of_a_training_are_told_and_leave_no_file(at, line, said):
    result = kit(line)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert list(at.iterdir()) == []


def test_debug_shows_where_a_mistake_was_found(at):
    result = kit(f"deploy train --debug --time soon {TRAINING}")
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
