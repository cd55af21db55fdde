import click
import pytest
from click.testing import CliRunner

from kit.console import Command, text_training_options


def options(line):
    got = {}

    def do(**values):
        got.update(values)

    command = click.command(cls=Command, example="")(text_training_options(do))
    result = CliRunner().invoke(command, line.split())
    return got.get("how"), result


def test_what_is_not_said_is_chosen():
    how, _ = options("--encoder transformer --length 99")
    assert (how.encoder, how.tokenizer, how.length, how.tune) == (
        "transformer",
        "wordpiece",
        99,
        "whole",
    )


@pytest.mark.parametrize("line", ["--encoder rnn", "--length 3", "--tune half", "--dropout 1"])
def test_what_cannot_be_is_refused(line):
    assert options(line)[1].exit_code == 2
