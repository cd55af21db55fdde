from dataclasses import dataclass

import click
from click.testing import CliRunner

from kit.console._bundle import bundled


@dataclass(frozen=True)
class Size:
    """Two numbers."""

    width: int
    height: int


OPTIONS = [
    click.option("--width", type=int, default=1, help="From side to side."),
    click.option("--height", type=int, default=2, help="From top to bottom."),
]


def command(got):
    def draw(size: Size, colour: str) -> None:
        """Draw it."""
        got.append((size, colour))

    function = bundled(draw, OPTIONS, "size", Size)
    return click.command(click.option("--colour", default="red")(function))


def test_options_reach_the_command_as_one_value_beside_its_own():
    got = []
    for line in ("", "--height 7 --colour blue"):
        result = CliRunner().invoke(command(got), line.split())
        assert result.exit_code == 0, result.output
    assert got == [(Size(1, 2), "red"), (Size(1, 7), "blue")]


def test_help_has_the_words_of_the_command_and_the_options_in_their_order():
    shown = CliRunner().invoke(command([]), ["--help"]).output
    assert shown.startswith("Usage: draw ")
    assert "Draw it." in shown
    assert shown.index("--width") < shown.index("--height")
