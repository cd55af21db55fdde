import pytest

from tests.loading import load_once


@pytest.fixture
def at(tmp_path, monkeypatch):
    """An empty folder to stand in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(autouse=True)
def loaded_once(monkeypatch):
    load_once(monkeypatch)
