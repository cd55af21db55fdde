import json
from pathlib import Path

import pytest

from kit.errors import UserError
from kit.serving.deployment import find_models
from tests.serving.deployment.parts import FIXED, HISTORY, saved_model


def test_a_models_folder_serves_its_newest_version(tmp_path):
    saved_model(tmp_path / "tower" / "9", FIXED)
    newest = saved_model(tmp_path / "tower" / "10", HISTORY, size=5000)
    (newest / "assets.extra" / "card.json").write_text("{}" + " " * 10_000)
    called, (model,) = find_models(tmp_path / "tower", None)
    assert (called, model.name, model.pinned) == ("tower", "tower", None)
    assert model.folder == tmp_path / "tower"
    assert model.variable_length == ("from_history.history",)
    assert model.size == 5000 + (newest / "saved_model.pb").stat().st_size


def test_a_version_is_served_alone(tmp_path):
    saved_model(tmp_path / "tower" / "2", FIXED)
    saved_model(tmp_path / "tower" / "1", FIXED)
    _, (model,) = find_models(tmp_path / "tower" / "1", "shown")
    assert (model.name, model.folder, model.pinned) == ("shown", tmp_path / "tower", 1)


def test_links_are_called_what_they_are_called_here(tmp_path, monkeypatch):
    target = saved_model(tmp_path / "elsewhere" / "abc", FIXED)
    (tmp_path / "tower").mkdir()
    (tmp_path / "tower" / "1").symlink_to(target)
    (tmp_path / "current").symlink_to("tower")
    monkeypatch.chdir(tmp_path / "tower")
    for given, pinned in (
        (".", None),
        ("../tower", None),
        ("1", 1),
        ("../elsewhere/../tower/1", 1),
    ):
        _, (model,) = find_models(Path(given), None)
        assert (model.name, model.folder, model.pinned) == ("tower", tmp_path / "tower", pinned)
    _, (model,) = find_models(tmp_path / "current", None)
    assert (model.name, model.pinned) == ("current", None)


def test_a_folder_of_models_passes_over_what_is_none(tmp_path):
    saved_model(tmp_path / "b" / "1", FIXED)
    saved_model(tmp_path / "a" / "1", HISTORY)
    saved_model(tmp_path / ".draft-x" / "1", FIXED)
    (tmp_path / "empty").mkdir()
    (tmp_path / "README.md").write_text("")
    called, models = find_models(tmp_path, None)
    assert called == tmp_path.name
    assert [model.name for model in models] == ["a", "b"]
    with pytest.raises(UserError, match="One name"):
        find_models(tmp_path, "tower")


@pytest.mark.parametrize(
    ("shape", "varies"),
    [([-1], False), ([-1, 3], False), ([3, -1], True), ([-1, 2, -1], True), (None, True)],
)
def test_an_unknown_dimension_after_the_batch_is_of_variable_length(tmp_path, shape, varies):
    saved_model(tmp_path / "tower" / "1", {"serve": {"x": shape}})
    _, (model,) = find_models(tmp_path / "tower", None)
    assert model.variable_length == (("serve.x",) if varies else ())


@pytest.mark.parametrize("name", ["two tower", "a/b", '"', "né", "", "-x", "a\nb"])
def test_a_name_that_no_url_takes_is_refused(tmp_path, name):
    saved_model(tmp_path / "tower" / "1", FIXED)
    with pytest.raises(UserError, match="cannot be a model's name"):
        find_models(tmp_path / "tower", name)


def test_what_stock_serving_cannot_load_is_refused(tmp_path):
    bare = saved_model(tmp_path / "bare", FIXED)
    with pytest.raises(UserError, match="numbered versions only"):
        find_models(bare, None)
    version = saved_model(tmp_path / "tower" / "1", FIXED)
    card = version / "assets.extra" / "card.json"
    card.write_text(json.dumps({"custom_ops": {}}))
    find_models(tmp_path / "tower", None)
    card.write_text(json.dumps({"custom_ops": {"scann": ["Scann>TensorsToScann"]}}))
    with pytest.raises(UserError, match=r"operations Scann>TensorsToScann\."):
        find_models(tmp_path / "tower", None)


@pytest.mark.parametrize("content", [b"garbage", b""])
def test_a_graph_that_is_none_is_told(tmp_path, content):
    version = saved_model(tmp_path / "tower" / "1", FIXED)
    (version / "saved_model.pb").write_bytes(content)
    with pytest.raises(UserError, match="SavedModel"):
        find_models(tmp_path / "tower", None)


def test_a_mistyped_folder_is_told(tmp_path):
    with pytest.raises(UserError, match="No exported model here"):
        find_models(tmp_path / "tover", None)
