"""Training from the weights of an export: what is kept, what is new, what is refused."""

import json
import shutil

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

import kit
from kit.cli import main
from kit.errors import UserError
from kit.exporting import start_from
from kit.exports import read_weights, write_manifest
from kit.models import Ranking, SequentialRecommender, TrainedWeights, TwoTower
from kit.tasks import overlap
from tests.exporting.parts import c_library_only


@pytest.fixture(scope="module")
def next_week(trained, tmp_path_factory):
    """The log with more rows, of new users and a new item; and its items."""
    log = pl.read_csv(trained.data)
    last = log["timestamp"].max()
    users = [f"new-{n}" for n in range(6)]
    rows = [(user, item, 1) for user in users for item in ("i1", "i3", "i60")]
    new = pl.DataFrame(rows, schema=["user_id", "item_id", "amount"], orient="row")
    new = new.with_columns(timestamp=last - 60 * 86_400 + pl.int_range(len(rows)))
    folder = tmp_path_factory.mktemp("week")
    pl.concat([log, new.select(log.columns)]).write_csv(folder / "log.csv")
    items = trained.items.read_text() + "i60,Green cup 60,k1,30\n"
    (folder / "items.csv").write_text(items)
    return folder


@pytest.fixture(scope="module")
def data(next_week):
    return kit.open(next_week / "log.csv", items=next_week / "items.csv", split="time")


def codes(data, items):
    place = {item: code for code, item in enumerate(data.item_ids.tolist(), start=1)}
    return np.array([place[item] for item in items])


def test_known_items_keep_their_vectors_and_a_new_one_is_the_mean_of_its_neighbours(trained, data):
    model = TwoTower.for_dataset(data, dim=8)
    started = start_from(model, data, trained.model)
    arrays, about = read_weights(trained.version)
    (items,) = [one for one in started.known if one.kind == "items"]
    assert (items.kept, items.new) == (len(about["keys"]["items"]) - 1, 1)
    old, new = arrays["item/ids/embeddings"], model.item_tower.ids.embeddings.numpy()
    known = [item for item in about["keys"]["items"][1:] if item in data.item_ids.tolist()]
    place = {item: row for row, item in enumerate(about["keys"]["items"])}
    np.testing.assert_array_equal(new[codes(data, known)], old[[place[i] for i in known]])
    mean = (old[place["i1"]] + old[place["i3"]]) / 2
    np.testing.assert_allclose(new[codes(data, ["i60"])[0]], mean, rtol=1e-5)


def test_words_of_features_keep_their_vectors(trained, data):
    model = TwoTower.for_dataset(data, dim=8)
    started = start_from(model, data, trained.model)
    words = next(one for one in started.known if one.kind == "words of item features")
    assert words.kept > 5
    arrays, about = read_weights(trained.version)
    name = next(n for n, kind in about["rows"].items() if kind == words.kind)
    place = about["keys"][words.kind].index("title=cup")
    table = model.item_tower.bag.table.embeddings.numpy()
    assert any(np.array_equal(row, arrays[name][place]) for row in table)


def test_no_user_is_in_the_weights(trained):
    assert b"shopper-" not in (trained.version / "assets.extra" / "weights.npz").read_bytes()


@pytest.mark.parametrize("encoder", ["attention", pytest.param("gru", marks=pytest.mark.slow)])
def test_sequential_models_begin_from_weights(encoder, data):
    build = {"dim": 8, "encoder": encoder, "length": 5}
    first = SequentialRecommender.for_dataset(data, **build)
    kit.fit(first, data, epochs=1, quiet=True)
    second = SequentialRecommender.for_dataset(data, **build, seed=9)
    weights = TrainedWeights.of(first, data)
    assert all(one.new == one.gone == 0 for one in weights.start(second, data))
    inputs = {"history": np.array([[1, 2, 3]])}
    np.testing.assert_allclose(first(inputs), second(inputs), rtol=1e-5)


def test_ranking_begins_from_weights(data):
    table = pl.DataFrame(
        {
            "city": [f"c{n % 7}" for n in range(300)],
            "age": [float(n % 50) for n in range(300)],
            "click": [int(n % 3 == 0) for n in range(300)],
        }
    )
    old = kit.open(table.with_columns(city=pl.col("city").replace("c6", "c5")), label="click")
    new = kit.open(table, label="click")
    first, second = Ranking.for_dataset(old, dim=4), Ranking.for_dataset(new, dim=4, seed=5)
    (values,) = TrainedWeights.of(first, old).start(second, new)
    assert (values.kept, values.new, values.gone) == (6, 1, 0)
    row = {"age": np.array([7.0], "f")}
    city = second.table_encoder.vocabularies["city"].index("c2"), first.table_encoder
    here, there = city[0] + 2, city[1].vocabularies["city"].index("c2") + 2
    np.testing.assert_allclose(
        second({"city": np.array([here]), **row}), first({"city": np.array([there]), **row}), 1e-5
    )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        ({"dim": 16}, "another shape"),
        ({"dim": 8, "features": False}, "other layers"),
    ],
)
def test_models_of_another_shape_are_refused_and_left_alone(build, message, trained, data):
    model = TwoTower.for_dataset(data, **build)
    before = model.item_tower.ids.embeddings.numpy().copy()
    with pytest.raises(UserError, match=message):
        start_from(model, data, trained.model)
    np.testing.assert_array_equal(model.item_tower.ids.embeddings.numpy(), before)


def invoke(next_week, *words, recipe="two-tower"):
    data = ["--data", str(next_week / "log.csv"), "--items", str(next_week / "items.csv")]
    data = [] if recipe == "ranking" else data
    return CliRunner().invoke(main, ["train", recipe, *data, *words])


def test_options_that_do_not_fit_are_refused_before_anything_is_read(trained, next_week):
    done = invoke(next_week, "--from", str(trained.model))
    assert done.exit_code == 2
    assert "another shape than --dim 128" in done.output
    assert "--dim 8" in done.output
    done = invoke(next_week, "--from", str(trained.model), "--dim", "8", "--no-features")
    assert "--no-features" in done.output
    done = invoke(next_week, "--from", str(trained.model), recipe="sequential")
    assert done.exit_code == 2
    assert "The export is of the recipe two-tower" in done.output


def test_an_export_without_weights_or_with_damaged_ones_is_refused(trained, tmp_path, next_week):
    shutil.copytree(trained.version, tmp_path / "1")
    file = tmp_path / "1" / "assets.extra" / "weights.npz"
    file.write_bytes(file.read_bytes()[:-100])
    words = ["--from", str(tmp_path / "1"), "--dim", "8"]
    done = invoke(next_week, *words)
    assert done.exit_code == 2
    assert "cannot be read" in done.output
    file.unlink()
    write_manifest(tmp_path / "1")
    done = invoke(next_week, *words)
    assert "does not hold the weights" in done.output


@pytest.mark.slow
def test_the_command_trains_from_an_export_and_states_the_drift(trained, next_week, tmp_path):
    places = ["--output", str(tmp_path / "model"), "--report", str(tmp_path / "report")]
    words = ["--from", str(trained.model), "--dim", "8", "--top", "20", "--weight-column", "amount"]
    done = invoke(next_week, *words, *places, "--epochs", "9")
    assert done.exit_code == 0, done.output
    assert f"from:      {trained.version}: " in done.output
    assert f"overlap@10 with {trained.version}: 0." in done.output
    settings = json.loads((tmp_path / "report" / "metrics.json").read_text())["settings"]
    assert settings["from"] == str(trained.version)
    assert 0 < settings["overlap@10 with from"] <= 1
    again = invoke(next_week, *words[:1], str(tmp_path / "model"), *words[2:], *places, "--refit")
    assert again.exit_code == 0, again.output


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["sequential", "ranking"])
def test_other_recipes_train_from_their_export(recipe, next_week, tmp_path, monkeypatch):
    c_library_only(monkeypatch)
    places = ["--output", str(tmp_path / "model"), "--report", str(tmp_path / "report")]
    words = ["--dim", "8", "--epochs", "1", *places]
    if recipe == "ranking":
        words += ["--data", str(next_week / "log.csv"), "--label", "amount", "--positive", "1"]
    done = invoke(next_week, *words, recipe=recipe)
    assert done.exit_code == 0, done.output
    again = invoke(next_week, *words, "--from", str(tmp_path / "model"), recipe=recipe)
    assert again.exit_code == 0, again.output
    assert f"from:      {tmp_path / 'model' / '1'}: " in again.output
    assert read_weights(tmp_path / "model" / "2")[0].keys()


def test_the_initial_weights_stay_where_training_is_worse(data):
    model = TwoTower.for_dataset(data, dim=8)
    kit.fit(model, data, epochs=1, quiet=True)
    before = model.item_tower.ids.embeddings.numpy().copy()
    second = TwoTower.for_dataset(data, dim=8)
    weights = TrainedWeights.of(model, data)
    weights.start(second, data)
    np.testing.assert_array_equal(second.item_tower.ids.embeddings.numpy(), before)


def test_overlap_counts_the_first_ten():
    assert overlap(list("abcdefghij"), list("jihgfedcbax")) == 1
    assert overlap(["a", ""], ["", "a"]) == 1
    assert overlap(["a", "b"], ["a", ""]) == 0.5
    assert overlap([""], []) == 1
