import shutil
import weakref

import numpy as np
import pytest

from kit.serving import Limits, Metrics, Models, ServingError, State
from tests.serving.parts import drop_in

FOUND = "Servable not found for request: "


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "m").mkdir()
    return tmp_path


@pytest.fixture
def version(saved):
    return saved / "kinds" / "1"


@pytest.fixture
def models(folder):
    """Looked at by hand; nothing runs in the background."""
    models = Models(folder, Limits(), Metrics())
    yield models
    models.stop()


def number(models, name="m", version=None):
    try:
        with models.use(name, version) as used:
            return used.number
    except ServingError as error:
        if error.code != "NOT_FOUND" or not error.message.startswith(FOUND):
            raise
        return None


def states(models) -> dict[int, str]:
    return {version: state.state for version, state in models.states("m")}


def test_the_newest_answers_and_old_ones_leave(models, folder, version):
    for added, newest in (("1", 1), ("3", 3), ("10", 10), ("2", 10)):
        drop_in(version, folder / "m" / added)
        models.refresh()
        assert number(models) == newest
    models.refresh()
    assert states(models) == {10: "AVAILABLE", 3: "END", 1: "END"}
    assert number(models, version=3) is None


def test_what_is_in_use_stays(models, folder, version):
    drop_in(version, folder / "m" / "1")
    models.refresh()
    with models.use("m") as used:
        drop_in(version, folder / "m" / "2")
        models.refresh()
        models.refresh()
        assert states(models) == {2: "AVAILABLE", 1: "UNLOADING"}
        assert number(models) == 2
        inputs = {"x": np.ones((1, 2), np.float32)}
        assert used.submit("serving_default", inputs).result(10)["y"].tolist() == [[2, 2]]
    models.refresh()
    assert states(models) == {2: "AVAILABLE", 1: "END"}


def test_what_left_is_freed(models, folder, version):
    drop_in(version, folder / "m" / "1")
    models.refresh()
    with models.use("m") as used:
        graph = weakref.ref(used._session.graph)
    del used
    drop_in(version, folder / "m" / "2")
    models.refresh()
    models.refresh()
    assert graph() is None


def test_removed_versions_are_dropped(models, folder, version):
    for name in ("1", "2"):
        drop_in(version, folder / "m" / name)
    models.refresh()
    shutil.rmtree(folder / "m" / "2")
    models.refresh()
    assert number(models) == 1
    shutil.rmtree(folder / "m")
    models.refresh()
    assert number(models) is None
    assert states(models)[1] in ("UNLOADING", "END")
    (folder / "m").mkdir()
    drop_in(version, folder / "m" / "2")
    models.refresh()
    assert number(models) == 2


def test_a_version_that_does_not_load_changes_nothing(models, folder, version):
    drop_in(version, folder / "m" / "1")
    models.refresh()
    (folder / "m" / "2").mkdir()
    models.refresh()
    assert number(models) == 1
    state = dict(models.states("m"))[2]
    assert (state.state, state.code) == ("END", "NOT_FOUND")
    assert "Could not find SavedModel" in state.message
    # A copy that was not finished when it was looked at is tried again when it is.
    shutil.copytree(version, folder / "m" / "2", dirs_exist_ok=True)
    (folder / "m" / "2" / "saved_model.pb").write_bytes(b"broken")
    models.refresh()
    assert (number(models), states(models)[2]) == (1, "END")
    shutil.copy(version / "saved_model.pb", folder / "m" / "2")
    models.refresh()
    assert number(models) == 2


def test_damaged_variables_do_not_load(models, folder, version):
    drop_in(version, folder / "m" / "1")
    data = folder / "m" / "1" / "variables" / "variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:1])
    models.refresh()
    assert number(models) is None
    ((found, state),) = models.states("m")
    assert (found, state.state) == (1, "END")
    assert state.code != "OK"
    assert state.message


def test_what_is_no_version_is_passed_over(models, folder, version):
    drop_in(version, folder / "m" / "1")
    for name in (".draft-2", "v3", "4.5", "-6", "²", "9" * 19):
        drop_in(version, folder / "m" / name)
    (folder / "m" / "7").write_text("a file")
    (folder / ".hidden").mkdir()
    drop_in(version, folder / ".hidden" / "1")
    (folder / "empty").mkdir()
    models.refresh()
    assert models.names() == {"m": 1}


def test_models_appear_later(models, folder, version):
    models.refresh()
    assert models.names() == {}
    with pytest.raises(ServingError, match="Could not find any versions of model m"):
        models.states("m")
    drop_in(version, folder / "m" / "1")
    models.refresh()
    assert models.names() == {"m": 1}


def test_a_folder_that_is_gone_for_a_moment_is_not_believed(saved, version, tmp_path):
    folder = tmp_path / "m"
    folder.mkdir()
    drop_in(version, folder / "1")
    models = Models(folder, Limits(), Metrics())
    models.refresh()
    folder.rename(tmp_path / "away")
    models.refresh()
    assert models.names() == {"m": 1}
    assert models.states("m", 1) == [(1, State("AVAILABLE"))]
    models.stop()
