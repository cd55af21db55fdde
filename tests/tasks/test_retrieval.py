"""What is reported, evaluated and served is one model that knows train and valid."""

import json
import warnings

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

import kit
from kit.cli import main
from kit.data import train_histories
from kit.exports import LoadedExport
from tests.exporting.parts import passing

DAY = 86_400
USERS, ITEMS, EACH = 80, 30, 9


def run(*words):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        answer = CliRunner().invoke(main, [str(word) for word in words])
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def parts_of(kind):
    """The part of each row of one user, and its day."""
    rng = np.random.default_rng(0)
    for user in range(USERS):
        day = np.sort(rng.integers(0, 90, EACH))
        if kind == "last of each user":
            part = np.repeat([0, 1, 2], [EACH - 2, 1, 1])
        else:
            part = rng.permutation(np.repeat([0, 1, 2], [EACH - 4, 2, 2]))
        liked = rng.permutation(np.arange(user % 2, ITEMS, 2))[:EACH]
        yield from ((user, *row) for row in zip(liked, day, part, strict=True))


def write_given(folder, kind):
    folder.mkdir()
    rows = list(parts_of(kind))
    for number, name in enumerate(("train", "valid", "test")):
        lines = [f"u{u},i{i},{1_600_000_000 + d * DAY}" for u, i, d, p in rows if p == number]
        (folder / f"{name}.csv").write_text("\n".join(["user_id,item_id,timestamp", *lines]) + "\n")
    return folder


@pytest.mark.parametrize(
    ("kind", "recipe"),
    [
        ("last of each user", "linear"),
        pytest.param("at random", "two-tower --epochs 1 --dim 8", marks=pytest.mark.slow),
    ],
)
def test_training_evaluation_and_serving_agree(tmp_path, monkeypatch, kind, recipe):
    monkeypatch.setattr("kit.exports.verify", passing)
    source = write_given(tmp_path / "data", kind)
    places = ["--output", tmp_path / "model", "--report", tmp_path / "report"]
    run("train", *recipe.split(), "--data", source, "--quiet", *places)
    reported = json.loads((tmp_path / "report" / "metrics.json").read_text())["test"]
    (measured,) = json.loads(run("evaluate", tmp_path / "model", "--json"))["evaluations"]
    assert measured["protocol"] == reported["protocol"]
    assert "recommenders know the user's train and valid items" in reported["protocol"]
    for name, value in measured["metrics"].items():
        assert value["mean"] == pytest.approx(reported["metrics"][name]["mean"], abs=1e-9), name

    loaded = LoadedExport(tmp_path / "model" / "1")
    data = kit.open(source)
    known = kit.data.histories([data.train, data.valid], data.num_users).below(data.num_items)
    assert known.lengths.sum() > train_histories(data).lengths.sum()
    length = int(known.lengths.max())
    codes = known.padded(np.arange(data.num_users), length=length, shift=1)
    ids = np.array(["", *data.item_ids[: data.num_items]], object)[codes]
    answer = loaded.signatures["from_history"](history=tf.constant(ids.tolist()))
    users = data.user_ids[: data.num_users].tolist()
    assert answer["item_id"].numpy().astype(str).tolist() == [
        row + [""] * (len(answer["item_id"][0]) - len(row)) for row in loaded.top_lists(users)[0]
    ]
