import click
import pytest
from click.testing import CliRunner

from kit.console import Command, writing_options_of
from kit.errors import UserError


def options(line):
    got = {}

    def do(**values):
        got.update(values)

    add = writing_options_of(
        layers=3,
        hidden=64,
        vocabulary=1000,
        source_length=50,
        target_length=40,
        dropout=0.2,
        length_penalty=0.6,
    )
    result = CliRunner().invoke(click.command(cls=Command, example="")(add(do)), line.split())
    return got.get("how"), result


def test_defaults_are_the_recipe_s():
    how, _ = options("--beams 2")
    assert (how.layers, how.hidden, how.beams, how.length_penalty) == (3, 64, 2, 0.6)


def test_a_width_that_heads_cannot_share_is_refused():
    how, _ = options("--heads 3")
    how.check_width(12)
    with pytest.raises(UserError, match="A width of 16 cannot be shared out to 3 heads") as error:
        how.check_width(16)
    assert "--dim 18" in str(error.value)


@pytest.mark.parametrize("given", ["--beams 0", "--vocabulary 10", "--dropout 1", "--layers 0"])
def test_what_cannot_be(given):
    assert options(given)[1].exit_code == 2
