import json
import shutil
import warnings

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from kit.cli import main
from kit.exports import LoadedExport, load_version
from tests.conftest import shared
from tests.exporting.parts import c_library_only


def run(line):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, [str(word) for word in line])


def ask(loaded, signature, **inputs):
    tensors = {name: tf.constant(value) for name, value in inputs.items()}
    return {name: x.numpy() for name, x in loaded.signatures[signature](**tensors).items()}


@pytest.fixture(scope="module")
def linear(shop, tmp_path_factory):
    def train(folder):
        with pytest.MonkeyPatch.context() as patch:
            c_library_only(patch)
            places = ["--output", folder / "model", "--report", folder / "report"]
            trained = run(["train", "linear", "--data", shop[0], "--items", shop[1], *places])
        assert trained.exit_code == 0, trained.output
        (folder / "output.txt").write_text(trained.output)

    return shared(tmp_path_factory, "linear", train)


@pytest.fixture(scope="module")
def loaded(linear):
    return LoadedExport(linear / "model" / "1")


@pytest.fixture(scope="module")
def ials(shop, tmp_path_factory):
    def train(folder):
        with pytest.MonkeyPatch.context() as patch:
            c_library_only(patch)
            places = ["--output", folder / "model", "--report", folder / "report"]
            method = ["--method", "ials", "--dim", "8"]
            trained = run(["train", "linear", "--data", shop[0], *method, *places])
        assert trained.exit_code == 0, trained.output
        (folder / "output.txt").write_text(trained.output)

    return shared(tmp_path_factory, "ials", train)


@pytest.mark.slow
def test_the_export_of_ials_answers_as_the_model_does(ials):
    assert "9 signatures answer as the live model does" in (ials / "output.txt").read_text()
    settings = json.loads((ials / "report" / "metrics.json").read_text())["settings"]
    assert (settings["method"], settings["dim"]) == ("ials", 8)
    assert settings["l2"] > 0
    assert settings["unobserved"] > 0


@pytest.mark.slow
def test_contributions_of_ials_add_up_to_the_score(ials):
    loaded = LoadedExport(ials / "model" / "1")
    history = [["i1", "i2", "nothing"]]
    answer = ask(loaded, "explain_history", history=history, item_id=["i3"])
    added, score = answer["contribution"], answer["score"]
    np.testing.assert_allclose(
        added.sum(axis=1) + answer["base"] + answer["prior"], score, atol=1e-5
    )
    assert added[0, 2] == 0
    lists = ask(loaded, "from_history", history=history)
    ids = [item.decode() for item in lists["item_id"][0]]
    np.testing.assert_allclose(lists["score"][0, ids.index("i3")], score[0], atol=1e-5)


@pytest.mark.slow
@pytest.mark.slow
def test_items_of_an_export_of_ials_can_be_removed(ials, tmp_path, monkeypatch):
    c_library_only(monkeypatch)
    shutil.copytree(ials / "model", tmp_path / "model")
    (tmp_path / "gone.txt").write_text("i3\n")
    answer = run(["index", tmp_path / "model", "--remove", tmp_path / "gone.txt"])
    assert answer.exit_code == 0, answer.output
    changed = LoadedExport(tmp_path / "model" / "2")
    lists = ask(changed, "from_history", history=[["i1", "i2"]])
    assert b"i3" not in lists["item_id"][0]


@pytest.mark.parametrize(
    "given", [["--dim", "8"], ["--method", "ials", "--dropout", "0.5"]], ids=["dim", "dropout"]
)
def test_an_option_of_another_method_is_refused_before_data_are_read(given, tmp_path):
    places = ["--output", tmp_path / "model", "--report", tmp_path / "report"]
    answer = run(["train", "linear", "--data", tmp_path / "none.csv", *given, *places])
    assert answer.exit_code == 2
    assert f"{given[-2]} is an option of method" in answer.stderr


def test_the_export_answers_as_the_model_does(linear):
    output = (linear / "output.txt").read_text()
    assert "7 signatures answer as the live model does" in output
    assert "device:" not in output


def test_a_model_without_vectors_embeds_nothing_but_has_parts_to_plan_with(linear):
    graph = load_version(linear / "model" / "1")
    assert not hasattr(graph, "embed_user")
    assert not hasattr(graph, "embed_item")
    assert any(name.startswith("linear/") for name in graph.contents())


def test_the_settings_chosen_on_valid_are_in_the_report(linear):
    facts = json.loads((linear / "report" / "metrics.json").read_text())
    assert facts["settings"]["l2"] > 0
    assert facts["settings"]["scale"] >= 1
    assert {"popular", "ItemKNN"} < facts["baselines"].keys()
    assert facts["test"]["metrics"]["NDCG@10"]["mean"] > 0
    # There is nothing to draw by epoch.
    assert "<h2>Training</h2>" not in (linear / "report" / "report.html").read_text()


def test_a_user_gets_the_list_of_the_history(loaded):
    for user in loaded.some_users(3):
        found, history = loaded.recommend(user, 5)
        ids = {name: item for item, name in loaded.card.names.items()}
        again = loaded.from_history([ids[name] for name in history[::-1]], 5)
        assert [one.item_id for one in found] == [one.item_id for one in again]
        assert [one.because_of for one in found] == [one.because_of for one in again]


def test_reasons_are_items_that_raise_the_score(loaded):
    history = ["i1", "i2", "i5"]
    names = {loaded.name(item): place for place, item in enumerate(history)}
    for one in loaded.from_history(history, 5):
        answer = ask(loaded, "explain_history", history=[history], item_id=[one.item_id])
        added = answer["contribution"][0]
        assert all(added[names[reason]] > 0 for reason in one.because_of)
        if one.because_of:
            assert added[names[one.because_of[0]]] == added.max()


def test_an_unknown_user_gets_the_popular_items(loaded):
    unknown, history = loaded.recommend("nobody", 5)
    assert not history
    popular = ask(loaded, "serving_default", user_id=["somebody else"])["item_id"][0, :5]
    assert [one.item_id.encode() for one in unknown] == popular.tolist()


def test_other_commands_take_the_export(linear):
    version = linear / "model" / "1"
    for line in (
        ["evaluate", version],
        ["similar", version, "--item", "i3"],
        ["recommend", version, "--item", "i3", "--where", "category=k1"],
    ):
        answer = run(line)
        assert answer.exit_code == 0, answer.output


def test_the_catalogue_of_a_linear_model_cannot_be_changed(linear, shop):
    answer = run(["index", linear / "model", "--add", shop[1]])
    assert answer.exit_code == 2
    assert "catalogue of a linear model cannot be changed" in answer.stderr
    assert "Fit it again" in answer.stderr


def test_given_settings_are_not_searched(shop, tmp_path, monkeypatch):
    # That the report shows the settings of a run the test of those chosen says.
    settings = {}
    monkeypatch.setattr("kit.pipeline.finish", lambda run, *parts: settings.update(run.settings))
    places = ["--output", tmp_path / "model", "--report", tmp_path / "report"]
    given = ["--l2", "33", "--dropout", "0.1", "--half-life", "0", "--neighbours", "7"]
    answer = run(["train", "linear", "--data", shop[0], "--quiet", *given, *places])
    assert answer.exit_code == 0, answer.output
    assert [settings[n] for n in ("l2", "dropout", "half_life", "neighbours")] == [33, 0.1, 0, 7]


@pytest.mark.parametrize("recipe", ["linear", "two-tower"])
def test_a_half_life_needs_times(tmp_path, recipe):
    path = tmp_path / "log.csv"
    rows = [f"u{n % 50},i{n * 7 % 30}" for n in range(600)]
    path.write_text("\n".join(["user_id,item_id", *rows]) + "\n")
    places = ["--output", tmp_path / "model", "--report", tmp_path / "report"]
    answer = run(["train", recipe, "--data", path, "--half-life", "30", *places])
    assert answer.exit_code == 2
    assert "--half-life" in answer.stderr
    assert "time column" in answer.stderr
