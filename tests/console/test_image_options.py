import click
import pytest
from click.testing import CliRunner

from kit.config import ImageOptions
from kit.console import Command, image_options


def options(line):
    got = {}

    def do(**values):
        got.update(values)

    command = click.command(cls=Command, example="")(image_options(do))
    result = CliRunner().invoke(command, line.split())
    return got.get("data"), result


@pytest.mark.parametrize(
    ("given", "size"), [("64", (64, 64)), ("48x64", (48, 64)), (None, None), ("4096", (4096, 4096))]
)
def test_sizes(given, size):
    data, _ = options(f"--data x{f' --size {given}' if given else ''}")
    assert data.height_and_width() == size


@pytest.mark.parametrize("given", ["big", "0", "3", "64x", "64x64x3", "-1", "9999", "64X64"])
def test_what_is_no_size(given):
    _, result = options(f"--data x --size={given}")
    assert result.exit_code == 2
    assert "--size 48x64" in result.output


def test_the_card_says_where_the_data_are():
    data, _ = options("--data fashion-mnist-part --seed 3 --limit 200")
    assert ImageOptions(**data.card()) == data
    found = data.split_of(data.open())
    assert len(found.train) + len(found.valid) == 200
    assert data.split_of(data.open(), size=(8, 8), in_colour=True).shape == (8, 8, 3)
