import pytest

from tests.loading import load_once


@pytest.fixture(autouse=True)
def loaded_once(monkeypatch):
    load_once(monkeypatch)
