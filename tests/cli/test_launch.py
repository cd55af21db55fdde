"""`kit launch`, as it is typed."""

import os
import pty
import sys

import pytest
from click.testing import CliRunner

from kit.cli import main
from tests.cluster.launching import finish, launch


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workers", "2"], "comes after --"),
        (["--workers", "2", "--"], "comes after --"),
        (["kit", "train", "two-tower"], "comes after --"),
        (["kit", "train", "--workers", "2"], "comes after --"),
        (["--workers", "1", "--", "kit"], "Leave `kit launch` out"),
        (["--workers", "0", "--", "kit"], "0 is not in the range"),
        (["--servers", "1", "--", "kit"], "Missing option '--workers'"),
        (["--workers", "2", "--restarts", "-1", "--", "kit"], "-1 is not in the range"),
    ],
)
def test_mistakes_end_with_a_sentence(words, message):
    result = CliRunner().invoke(main, ["launch", *words])
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(
    ("command", "reason"),
    [("no-such-program", "No such file or directory"), (os.devnull, "Permission denied")],
)
def test_a_command_that_cannot_be_started(command, reason):
    code, out, err = finish(launch("--workers", "2", "--", command))
    assert (code, out) == (2, "")
    assert err.startswith(f"Error: The command cannot be started: {reason}.\n  where: {command}")
    assert "Traceback" not in err


def test_kit_is_this_kit_and_its_options_are_its_own():
    code, out, _ = finish(launch("--workers", "2", "--", "kit", "launch", "--help"))
    assert code == 0
    for name in ("worker 0", "worker 1"):
        assert f"[{name}] Usage: kit launch [OPTIONS] -- COMMAND..." in out


def test_names_are_coloured_on_a_terminal():
    ours, theirs = pty.openpty()
    program = "import sys; print('terminal' if sys.stdout.isatty() else 'none')"
    try:
        command = [sys.executable, "-S", "-c", program]
        assert finish(launch("--workers", "2", "--", *command, stdout=theirs))[0] == 0
        out = os.read(ours, 1000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    expected = [f"\x1b[{36 - n}m[worker {n}] \x1b[0mnone" for n in (0, 1)]
    assert sorted(out.splitlines()) == sorted(expected)
