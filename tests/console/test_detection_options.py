import click
import pytest
from click.testing import CliRunner

from kit.config import DetectionOptions
from kit.console import Command, detection_options
from tests.data.detection.boxed import squares, write_voc


def run(line):
    got = {}

    def do(**values):
        got.update(values)

    command = click.command(cls=Command, example="")(detection_options(do))
    return CliRunner().invoke(command, line.split()), got.get("data")


def test_what_an_export_keeps_is_enough_to_open_the_data_again(tmp_path):
    folder = write_voc(tmp_path, squares(20))
    result, data = run(f"--data {folder} --classes dark --limit 5 --seed 3")
    assert result.exit_code == 0, result.output
    again = DetectionOptions(**data.card())
    assert again == data
    assert again.dataset().classes == ["dark"]
    assert len(again.dataset().train) == 5


@pytest.mark.parametrize(
    "line", ["", "--data a --limit 0", "--data a --on-bad-file maybe", "--data a --seed -1"]
)
def test_options_that_cannot_be_are_refused(line):
    assert run(line)[0].exit_code == 2
