import click
import pytest
from click.testing import CliRunner

from kit.console import Command, image_training_options
from kit.console._image_training_options import KINDS
from kit.training import AUGMENTATIONS


def options(line):
    got = {}

    def do(**values):
        got.update(values)

    command = click.command(cls=Command, example="")(image_training_options(do))
    result = CliRunner().invoke(command, line.split())
    return got.get("how"), result


@pytest.mark.parametrize(
    ("given", "kinds"),
    [("none", []), ("flip", ["flip"]), ("mixup,randaugment", ["mixup", "randaugment"])],
)
def test_kinds_of_augmentation(given, kinds):
    assert options(f"--augment {given}")[0].kinds == kinds


def test_an_unknown_kind_is_named():
    _, result = options("--augment flip,rotate")
    assert result.exit_code == 2
    assert "Unknown augmentation 'rotate'" in result.output


def test_the_options_know_what_the_batches_know():
    assert set(KINDS) == {*AUGMENTATIONS, "randaugment"}
