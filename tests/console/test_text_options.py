import click
from click.testing import CliRunner

from kit.config import TextOptions
from kit.console import Command, text_options


def options(line):
    got = {}

    def do(**values):
        got.update(values)

    command = click.command(cls=Command, example="")(text_options(do))
    result = CliRunner().invoke(command, line.split())
    return got.get("data"), result


def test_the_card_says_where_the_data_are():
    data, _ = options("--data sentiment-labelled-sentences --seed 3 --limit 200")
    assert TextOptions(**data.card()) == data
    found = data.split_of(data.open())
    assert len(found.train) + len(found.valid) == 200


def test_columns_are_handed_on(tmp_path):
    rows = "".join(f"{'ab'[n % 2]},text {n}\n" for n in range(40))
    (tmp_path / "a.csv").write_text("mood,said\n" + rows)
    data, _ = options(f"--data {tmp_path / 'a.csv'} --text-column said --label-column mood")
    assert data.split_of(data.open()).classes == ("a", "b")
    assert options("")[1].exit_code == 2
