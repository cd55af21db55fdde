"""Commands keep their options: scripts that call them go on working."""

import subprocess
import sys

import pytest

from tests.golden import options

BEFORE, NOW = options.stored(), options.current()


@pytest.mark.parametrize("command", BEFORE)
def test_options_of_a_command_keep_names_types_choices_and_defaults(command):
    # A new option or another name of an old one breaks nobody; it is recorded by
    # `python -m tests.update_golden options`.
    assert command in NOW
    for names, expected in BEFORE[command].items():
        assert _described(NOW[command], names) == expected, f"{command} {names}"


def test_options_can_be_listed_without_heavy_imports():
    code = (
        "import sys; from tests.golden import options; options.current();"
        "print([m for m in ('tensorflow', 'keras', 'polars') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _described(parameters, names):
    wanted = set(names.split())
    for others, facts in parameters.items():
        if others == names or (names.startswith("-") and wanted <= set(others.split())):
            return facts
    return None
