import sys
from types import SimpleNamespace

import pytest

from kit.errors import UserError
from kit.models.pretrained import read_preset

REFUSED = UserError("Not this one.", where="here")


@pytest.fixture(autouse=True)
def hub(monkeypatch):
    module = SimpleNamespace(name="hub")
    monkeypatch.setitem(sys.modules, "keras_hub", module)
    return module


def test_what_is_read_comes_back(hub, tmp_path):
    assert read_preset("some_preset", lambda *given: given) == (hub, "some_preset")
    assert read_preset(str(tmp_path), lambda _, place: place) == str(tmp_path)


def test_a_refusal_stays_what_it_is():
    def refuse(hub, place):
        raise REFUSED

    with pytest.raises(UserError) as error:
        read_preset("some_preset", refuse)
    assert error.value is REFUSED


def test_what_fails_is_said_in_a_line():
    def fail(hub, place):
        raise OSError("no such host\nand a trace")

    with pytest.raises(UserError, match="cannot be loaded: OSError: no such host") as error:
        read_preset("some_preset", fail)
    assert "trace" not in str(error.value)
