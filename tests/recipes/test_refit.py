"""Models that are trained again on all rows before they are exported."""

import json
import warnings

import keras
import polars as pl
import pytest
from click.testing import CliRunner

import kit
from kit.cli import main
from kit.errors import UserError
from kit.exports import LoadedExport, read_card
from tests.exporting.parts import passing

DAY = 86_400


@pytest.fixture(autouse=True)
def unverified(monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)


def run(*words):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def growing(tmp_path_factory):
    """A log whose last tenth, the test part, has a user and an item that came last."""
    path = tmp_path_factory.mktemp("growing") / "log.csv"
    rows = [
        f"u{user},i{(user % 2 + 2 * n * (1 + user % 5)) % 30},{1_600_000_000 + n * DAY + user}"
        for n in range(9)
        for user in range(60)
    ]
    rows += [f"u{user},new,{1_600_000_000 + 30 * DAY}" for user in (*range(20), 99)]
    path.write_text("\n".join(["user_id,item_id,timestamp", *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def linear(growing, tmp_path_factory):
    """Two models: exported as measured, and trained again."""
    folder = tmp_path_factory.mktemp("linear")
    chosen = ["--l2", 10, "--dropout", 0, "--half-life", 0, "--split", "time"]
    for name, words in (("plain", []), ("refit", ["--refit"])):
        places = ["--output", folder / name / "model", "--report", folder / name / "report"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("kit.exports.verify", passing)
            answer = run("train", "linear", "--data", growing, *chosen, *words, *places)
        assert answer.exit_code == 0, answer.output
        (folder / name / "output.txt").write_text(answer.output)
    return folder


def test_a_refit_exports_a_model_of_all_rows_and_reports_the_one_before(linear):
    output = (linear / "refit" / "output.txt").read_text()
    assert "s on all 561 interactions" in output
    assert "metrics are those of the model before the refit" in output
    reports = [
        json.loads((linear / name / "report" / "metrics.json").read_text())
        for name in ("plain", "refit")
    ]
    assert reports[0]["test"] == reports[1]["test"]
    assert "on all 561 interactions" in reports[1]["settings"]["refit"]

    plain, refit = (linear / name / "model" / "1" for name in ("plain", "refit"))
    assert read_card(plain).refit is None
    assert read_card(refit).refit == {"rows": 561, "epochs": [None]}
    assert "before the refit" in (refit / "assets.extra" / "model_card.md").read_text()
    before, after = LoadedExport(plain), LoadedExport(refit)
    assert "new" not in before.card.names
    assert {"new", "i1"} < after.card.names.keys()
    assert "u99" in after.user_ids()
    # The test rows are part of what is known of a user.
    assert "new" in after.recommend("u3", 3)[1]


def test_the_export_of_a_refit_is_not_measured_on_what_it_was_trained_on(growing, linear):
    answer = run("evaluate", linear / "refit" / "model")
    assert answer.exit_code == 2
    assert "trained again on all rows" in answer.stderr
    answer = run("evaluate", linear / "refit" / "model", "--data", growing)
    assert answer.exit_code == 0, answer.output


@pytest.mark.slow
@pytest.mark.parametrize("name", ["TwoTower", "SequentialRecommender"])
def test_python_refits_the_same_kind_of_model(growing, tmp_path, name):
    data = kit.open(pl.read_csv(growing), split="time")
    own = {}
    if name == "SequentialRecommender":
        own = {"encoder": keras.layers.GRU(8, return_sequences=True)}
    model = getattr(kit.models, name).for_dataset(data, dim=8, **own)
    kit.fit(model, data, epochs=2, quiet=True)
    before = [weight.numpy() for weight in model.trainable_weights]
    result = kit.evaluate(model, data)
    version = kit.export(model, data, tmp_path / "model", result=result, refit=True)
    card = read_card(version)
    assert card.refit["rows"] == 561
    assert card.refit["epochs"][0] > 0
    assert card.results["metrics"]["NDCG@10"]["mean"] == pytest.approx(result.metrics["NDCG@10"])
    assert "new" in LoadedExport(version).card.names
    for weight, value in zip(model.trainable_weights, before, strict=True):
        assert (weight.numpy() == value).all()


def test_without_a_training_there_is_nothing_to_repeat(growing, tmp_path):
    data = kit.open(growing, split="time")
    model = kit.models.TwoTower.for_dataset(data, dim=8)
    with pytest.raises(UserError, match="how many epochs"):
        kit.export(model, data, tmp_path / "model", refit=True)


def test_layers_that_came_with_weights_are_not_trained_again(growing, tmp_path):
    data = kit.open(growing, split="time")
    layer = keras.layers.GRU(8, return_sequences=True)
    layer.build((None, None, 8))
    model = kit.models.SequentialRecommender.for_dataset(data, dim=8, encoder=layer)
    with pytest.raises(UserError, match="weights that a layer had"):
        kit.export(model, data, tmp_path / "model", refit=True)
