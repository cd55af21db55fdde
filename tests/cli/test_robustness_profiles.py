"""Made-up users promote an item: the command."""

import json
import warnings

import numpy as np
import pytest
from click.testing import CliRunner

from kit.cli import main
from tests.exporting.parts import passing


def kit(*words):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A linear model of people of two tastes; three of them have the item of the tail."""
    place = tmp_path_factory.mktemp("profiles")
    rng = np.random.default_rng(0)
    rows = [
        f"person-{person},item-{item},{1_600_000_000 + 9 * person}"
        for person in range(200)
        for item in rng.choice(np.arange(person % 2, 60, 2), 10, replace=False)
    ]
    rows += [f"person-{person},item-tail,1600000000" for person in (1, 2, 3)]
    (place / "log.csv").write_text("\n".join(["user_id,item_id,timestamp", *rows]) + "\n")
    settings = ["--l2", 10, "--dropout", 0, "--half-life", 0, "--scale", 1, "--split", "random"]
    places = ["--output", place / "model", "--report", place / "report"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kit.exports.verify", passing)
        answer = kit("train", "linear", "--data", place / "log.csv", *settings, *places)
    assert answer.exit_code == 0, answer.output
    return place


def test_the_reach_of_an_item_is_measured_with_and_without_the_defence(
    folder, tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    words = ["--promote", "item-tail", "--fakes", "0.1", "--json"]
    answer = kit("robustness", folder / "model", *words)
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert (found["item"], found["share"]) == ("item-tail", 0.1)
    clean, *others = found["runs"]
    assert clean["change"] == 0
    assert [(run["kind"], run["defended"]) for run in others] == [
        ("popular", False),
        ("popular", True),
        ("mixed", False),
        ("mixed", True),
    ]
    # Made-up users bring the item up.
    assert others[0]["median rank"] < clean["median rank"]
    assert all(0 <= run["detector"] <= 1 for run in others)
    assert "person-" not in answer.output
    # The lists of users that the trainings were given are gone.
    assert not list(tmp_path.iterdir())


def test_an_item_that_nobody_has_is_refused(folder):
    answer = kit("robustness", folder / "model", "--promote", "nothing")
    assert answer.exit_code == 2
    assert "no item to promote" in answer.stderr


def test_suspicious_users_are_written_for_training_without_them(folder, tmp_path):
    file = tmp_path / "suspicious.txt"
    answer = kit("data", folder / "log.csv", "--suspicious", file, "--share", "0.1")
    assert answer.exit_code == 0, answer.output
    assert len(file.read_text().splitlines()) == 20
    assert "20 users written to" in answer.stdout
    assert "person-" not in answer.stdout
    answer = kit("data", folder / "log.csv", "--suspicious", tmp_path / "no" / "file.txt")
    assert answer.exit_code == 2
    assert "cannot be written" in answer.stderr
