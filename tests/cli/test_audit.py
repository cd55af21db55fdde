"""Guessing who was in a training."""

import json
import warnings

import numpy as np
import pytest
from click.testing import CliRunner

from kit.cli import main
from tests.conftest import shared
from tests.exporting.parts import passing

SMALL = ["--people", "200", "--references", "2"]


def kit(*words):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, [str(word) for word in words])


def train(folder, *options):
    """A model of people with habits of their own, which only a training can tell of."""
    rng = np.random.default_rng(0)
    rows = [
        f"person-{person},item-{item}"
        for person in range(240)
        for item in rng.choice(300, 12, replace=False)
    ]
    (folder / "log.csv").write_text("\n".join(["user_id,item_id", *rows]) + "\n")
    places = ["--output", folder / "model", "--report", folder / "report"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kit.exports.verify", passing)
        answer = kit("train", "linear", "--data", folder / "log.csv", *options, *places)
    assert answer.exit_code == 0, answer.output


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    settings = ["--l2", "1", "--dropout", "0", "--scale", "1"]
    return shared(tmp_path_factory, "audited", lambda folder: train(folder, *settings))


def test_who_was_in_the_training_of_a_model_that_remembers_is_told(known):
    answer = kit("audit", "privacy", known / "model", *SMALL, "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    attack = found["membership"]
    assert attack["mean"] > 0.9
    assert attack["low"] > 0.8
    assert found["control"]["low"] <= 0.5 <= found["control"]["high"]
    assert found["canaries"] is None
    assert found["holds"] == {"ids": 240, "histories": 240}
    assert "person-" not in answer.output


def test_what_is_found_is_printed(known):
    answer = kit("audit", "privacy", known / "model", "--people", "150", "--references", "1")
    assert answer.exit_code == 0, answer.output
    assert "compared with reference models" in answer.stdout
    assert "people in no model" in answer.stdout
    assert "ids of 240 users and the histories of 240; --no-known-users" in answer.stdout


def test_other_models_and_few_people_are_refused(known, tmp_path):
    few = tmp_path / "few.csv"
    rows = [f"p{person},i{item}" for person in range(40) for item in range(person % 3, 30, 3)]
    few.write_text("\n".join(["user_id,item_id", *rows]) + "\n")
    answer = kit("audit", "privacy", known / "model", "--data", few)
    assert answer.exit_code == 2
    assert "40 people with 4 items are too few" in answer.stderr


@pytest.mark.slow
def test_a_guarantee_is_put_to_the_test(tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    rng = np.random.default_rng(0)
    rows = [
        f"person-{person},item-{item}"
        for person in range(3_000)
        for item in rng.choice(np.arange(person % 2, 40, 2), 5, replace=False)
    ]
    (tmp_path / "log.csv").write_text("\n".join(["user_id,item_id", *rows]) + "\n")
    places = ["--output", tmp_path / "model", "--report", tmp_path / "report"]
    answer = kit("train", "linear", "--data", tmp_path / "log.csv", "--private", "1", *places)
    assert answer.exit_code == 0, answer.output
    answer = kit("audit", "privacy", tmp_path / "model", *SMALL)
    assert answer.exit_code == 0, answer.output
    assert "nothing is shown against it" in answer.stdout
    assert "no user ids and no histories" in answer.stdout

    class NoNoise:
        def normal(self, mean, deviation, shape):
            return np.zeros(shape)

    monkeypatch.setattr("kit.privacy._item_statistics.private_rng", NoNoise)
    answer = kit("audit", "privacy", tmp_path / "model", *SMALL)
    assert answer.exit_code == 1, answer.output
    assert "IT DOES NOT HOLD" in answer.stdout
