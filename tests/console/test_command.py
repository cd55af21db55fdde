import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from kit.console import Command, command_line, quiet_tensorflow
from kit.errors import PEER_LOST, Interrupted, PeerLost, UserError


def run(outcome, *arguments):
    """Run a command that raises (or, with nothing to raise, ends well)."""

    @click.command(cls=Command, example="kit do it")
    @click.option("--number", type=int)
    def do(number: int | None) -> None:
        """Do something."""
        if outcome is not None:
            raise outcome

    return CliRunner().invoke(do, arguments)


MISTAKE = UserError("Wrong.", where="a.csv", expected="right", remedy="Mend it.")


def test_a_mistake_of_the_user_has_four_lines_and_code_2():
    result = run(MISTAKE)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "Error: Wrong.",
        "  where: a.csv",
        "  expected: right",
        "  remedy: Mend it.",
    ]
    assert result.stdout == ""


@pytest.mark.parametrize("failure", [ValueError("broken"), OSError(5, "Input/output error")])
def test_a_failure_has_code_1_and_no_traceback(failure):
    result = run(failure)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Failed: {type(failure).__name__}: {failure}\n")
    assert "--debug" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_interruption_has_code_130():
    result = run(KeyboardInterrupt())
    assert (result.exit_code, result.stderr.strip()) == (130, "Interrupted.")


@pytest.mark.parametrize(
    ("outcome", "code"), [(Interrupted("Stopped."), 130), (PeerLost("Lost."), PEER_LOST)]
)
def test_training_that_goes_on_later_says_so(outcome, code):
    result = run(outcome)
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", f"{outcome}\n")


@pytest.mark.parametrize(
    ("failure", "code"),
    [(MISTAKE, 2), (ValueError("broken"), 1), (KeyboardInterrupt(), 130), (PeerLost(), PEER_LOST)],
)
def test_debug_shows_the_traceback_and_changes_no_code(failure, code):
    result = run(failure, "--debug")
    assert result.exit_code == code
    assert "Traceback" in result.stderr
    assert "raise outcome" in result.stderr
    assert "run it again with --debug" not in result.stderr


def test_success_and_the_errors_of_click_stay_as_they_are():
    assert run(None).exit_code == 0
    assert run(click.exceptions.Exit(3)).exit_code == 3
    assert run(None, "--number", "x").exit_code == 2
    assert "'x' is not a valid integer" in run(None, "--number", "x").stderr
    assert "Aborted!" in run(click.Abort()).stderr


def test_help_shows_the_example_and_debug():
    text = run(None, "--help").stdout
    assert "Example:  kit do it" in text
    assert "--debug" in text


def test_it_can_be_pasted_into_a_shell(monkeypatch):
    monkeypatch.setattr(
        sys, "argv", ["/some/where/bin/kit", "train", "two-tower", "--data", "a b.csv"]
    )
    assert command_line() == "kit train two-tower --data 'a b.csv'"


SCRIPT = """
import sys
from kit.console import quiet_tensorflow
quiet_tensorflow()
import tensorflow as tf
tf.constant(1) + 1
print("standard error still works", file=sys.stderr)
"""


@pytest.mark.slow
def test_tensorflow_starts_without_a_word():
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env={k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"},
    )
    assert run.stdout == ""
    assert run.stderr == "standard error still works\n"


@pytest.mark.parametrize("level", ["0", "2"])
def test_who_has_set_a_level_keeps_it(monkeypatch, level):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", level)
    quiet_tensorflow()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == level
