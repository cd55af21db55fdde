import json
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import kit.training
from benchmarks import retrieval_training
from kit.recipes import two_tower


class Fitted(Exception):
    """Raised in place of training."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Forty users with ten of twenty items of their taste: six to train on, two and two held out.

    An item that train lacks stands in test.
    """
    folder = tmp_path_factory.mktemp("tiny")
    random = np.random.default_rng(0)
    parts = {"train": (0, 6), "valid": (6, 8), "test": (8, 10)}
    rows = {part: ["user_id\titem_id"] for part in parts}
    for user in range(40):
        chosen = 2 * random.permutation(20)[:10] + user % 2
        for part, (begin, end) in parts.items():
            rows[part] += [f"u{user}\ti{item}" for item in chosen[begin:end]]
    rows["test"].append("u0\tnew")
    for part, lines in rows.items():
        (folder / f"{part}.tsv").write_text("\n".join(lines) + "\n")
    return folder


def test_it_trains_what_the_recipe_trains(tiny, monkeypatch):
    calls = []

    def fit(model, batches, **settings):
        calls.append((model, batches))
        raise Fitted

    monkeypatch.setattr(kit.training, "fit", fit)
    with pytest.raises(Fitted):
        retrieval_training.trained(tiny, seed=3, target=0.5)
    options = ["--data", str(tiny), "--seed", "3", "--quiet"]
    run = CliRunner().invoke(two_tower.main, options)
    assert run.exit_code == 1
    assert "Fitted" in run.output
    (ours, our_batches), (recipe, recipe_batches) = calls
    for one, other in ((ours, recipe), (ours.optimizer, recipe.optimizer)):
        # Keras numbers the names of a process's models and optimizers.
        assert {**one.get_config(), "name": ""} == {**other.get_config(), "name": ""}
    for weight, its_weight in zip(ours.get_weights(), recipe.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, its_weight)
    for field in fields(our_batches):
        if field.name != "histories":
            assert getattr(our_batches, field.name) == getattr(recipe_batches, field.name)
    np.testing.assert_array_equal(our_batches.histories.items, recipe_batches.histories.items)


@pytest.mark.slow
def test_a_target_is_reached_once_or_not_at_all(tiny):
    reached = retrieval_training.trained(tiny, seed=0, target=0.0, epochs=2)
    assert 0 < reached["train_seconds"] <= reached["train_seconds_all"]
    assert reached["valid_seconds"] > 0
    assert reached["watch_seconds"] > 0
    assert reached["rows_not_ranked"] == 1
    missed = retrieval_training.trained(tiny, seed=0, target=1.1, epochs=2)
    assert missed["train_seconds"] is None
    assert missed["reached_at"] is None
    # The same seed, whatever the target: watching changes nothing.
    assert missed["ndcg"] == reached["ndcg"] > 0


def test_seconds_of_a_process_leave_the_watching_out(tmp_path):
    figures = {"watch_seconds": 100.0, "reached_at": None, "ndcg": 0.3}
    program = f"import sys; print('log'); print({json.dumps(figures)!r})"
    begin = time.time()
    found = retrieval_training.timed([sys.executable, "-c", program], str(tmp_path))
    assert 0 < found["end"] + 100 < time.time() - begin
    assert found["reached"] is None


def test_a_failing_process_is_not_passed_over(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        retrieval_training.timed([sys.executable, "-c", "raise SystemExit(3)"], str(tmp_path))


def test_recbole_reads_the_rows_of_the_split(tiny, tmp_path):
    retrieval_training.write_inter(retrieval_training.opened(tiny), tmp_path / "split")
    for part in ("train", "valid", "test"):
        header, *rows = (tmp_path / "split" / f"split.{part}.inter").read_text().splitlines()
        assert header == "user_id:token\titem_id:token"
        assert sorted(rows) == sorted((tiny / f"{part}.tsv").read_text().splitlines()[1:])


def test_table_shows_a_miss_and_the_ratio(capsys):
    ours = {
        "train_seconds": 2.0,
        "valid_seconds": 1.0,
        "reached": 8.0,
        "train_seconds_all": 5.0,
        "end": 10.0,
        "ndcg": 0.31,
        "watch_seconds": 0.5,
    }
    peer = {"reached": None, "end": 20.0, "ndcg": 0.29}
    table = retrieval_training.table_of([{"seed": 0, "ours": ours, "recbole": peer}], 0.2931)
    rows = list(zip(*(column.cells for column in table.columns), strict=True))
    assert ("training to 0.2931, s", "2.0", "2.0", "2.0 to 2.0") in rows
    assert ("RecBole start to 0.2931, s", "not reached", "-", "-") in rows
    assert rows[-1] == ("RecBole s / kit s, start to end", "2.00", "2.00", "2.00 to 2.00")


def test_a_missing_split_is_named(tmp_path):
    missing = tmp_path / "nowhere"
    run = CliRunner().invoke(retrieval_training.main, ["--split", str(missing)])
    assert run.exit_code == 2
    assert str(Path(missing)) in run.output
    assert "--split" in run.output
