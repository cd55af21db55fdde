import json

import pytest

from benchmarks.reports import command_of, keep, minutes, seeds, shown, source_of, spread


def run(command="kit train x --data a/b", name="a/b", licence=""):
    return {"command": command, "data": {"name": name, "licence": licence}}


def test_a_command_says_what_anybody_can_type():
    typed = "kit train x --data a/b --dim 8 --output m --report r --seed 2 --quiet --label 'a b'"
    assert command_of(run(typed)) == "kit train x --data FOLDER --dim 8 --label 'a b'"
    assert command_of(run("kit train x --data built", "built", "MIT")) == "kit train x --data built"


def test_the_built_in_part_is_another_source():
    assert source_of(run()) == "b"
    assert source_of(run(licence="MIT")) == "b, built in"


def test_means_and_deviations_are_of_what_there_is():
    assert spread([0.8, None, 0.9])["mean"] == pytest.approx(0.85)
    assert shown(spread([0.8])) == "0.8000"
    assert shown(spread([0.8, 0.9])) == "0.8500 (0.0707)"
    assert minutes({"train_seconds": [60, 90]}) == "1.2"
    assert (seeds({"seeds": [0]}), seeds({"seeds": [0, 1]})) == ("1 seed", "2 seeds")


def test_runs_of_a_source_are_one_entry_beside_the_others(tmp_path):
    results = tmp_path / "results.json"
    results.write_text(json.dumps({"old": 1, "b": 0}))
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "metrics.json").write_text(json.dumps(run()))
    kept = keep([tmp_path / "0", tmp_path / "1"], results, len)
    assert kept == {"old": 1, "b": 2} == json.loads(results.read_text())
