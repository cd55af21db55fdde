import click
from click.testing import CliRunner

from kit.config import PairOptions
from kit.console import Command, pair_options


def options(line):
    got = {}

    def do(**values):
        got.update(values)

    command = click.command(cls=Command, example="")(pair_options(do))
    result = CliRunner().invoke(command, line.split())
    return got.get("data"), result


def test_the_card_says_where_the_data_are():
    data, _ = options("--data tatoeba-eng-fra-part --from fr --to en --seed 3 --limit 200")
    assert PairOptions(**data.card()) == data
    found = data.split_of(data.open())
    assert found.names == ("fr", "en")
    assert len(found.train) + len(found.valid) == 200


def test_a_negative_limit_is_refused():
    assert options("--data x --limit 0")[1].exit_code == 2
