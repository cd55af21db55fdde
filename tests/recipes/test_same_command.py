"""The same command twice reports the same numbers."""

import json
import random
import warnings

import pytest
from click.testing import CliRunner

from kit.cli import main
from tests.exporting.parts import passing
from tests.recipes.test_going_on import RECIPES

# What differs between two runs although nothing that was learned or measured does.
OF_THE_RUN = {"seconds", "examples_per_second", "waiting", "load_average", "created", "began"}


def without_times(facts):
    if isinstance(facts, dict):
        return {n: without_times(x) for n, x in facts.items() if n not in OF_THE_RUN}
    return [without_times(x) for x in facts] if isinstance(facts, list) else facts


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_the_same_command_reports_the_same_numbers(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    places = f"--output {tmp_path / 'model'} --report {tmp_path / 'report'}"
    line = f"train {RECIPES[recipe](tmp_path)} --epochs 1 --quiet {places}"
    found = []
    for drawn in (1, 2):
        random.seed(drawn)
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            answer = CliRunner().invoke(main, line.split())
        assert answer.exit_code == 0, answer.output
        facts = json.loads((tmp_path / "report" / "metrics.json").read_text())
        assert facts["test"]
        found.append(without_times(facts))
    assert found[0] == found[1]
