import click
from click.testing import CliRunner

from kit.config import AnswerOptions
from kit.console import answer_options


@click.command()
@answer_options
def command(answers: AnswerOptions) -> None:
    click.echo(answers)


def test_the_command_gets_them_as_one_value():
    run = CliRunner().invoke(command, [])
    assert run.output.strip() == str(AnswerOptions(include_seen=False, top=100))
    run = CliRunner().invoke(command, ["--include-seen", "--top", "7"])
    assert run.output.strip() == str(AnswerOptions(include_seen=True, top=7))
    assert CliRunner().invoke(command, ["--top", "0"]).exit_code == 2
