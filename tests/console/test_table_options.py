import click
import pytest
from click.testing import CliRunner

from kit.config import TableOptions
from kit.console import Command, table_options
from kit.console._table_options import _positives


def options(line):
    got = {}

    def do(**values):
        got.update(values)

    command = click.command(cls=Command, example="")(table_options(do))
    result = CliRunner().invoke(command, line.split())
    assert result.exit_code == 0, result.output
    return got["data"]


def test_what_an_export_keeps_is_read_again():
    given = options("--data a.csv --label click --tasks buy --positive buy=yes --negatives 0")
    assert given.label == ("click", "buy")
    card = {k: list(v) if isinstance(v, tuple) else v for k, v in given.card().items()}
    assert TableOptions.of_card(card) == given


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("yes", {"": "yes"}),
        ("buy=yes", {"buy": "yes"}),
        ("<=50K", {"": "<=50K"}),
        ("income=<=50K", {"income": "<=50K"}),
        ("=x", {"": "=x"}),
    ],
)
def test_a_value_may_look_like_a_pair(given, expected):
    assert _positives((given,)) == expected
