import json
import sys

import pytest

from kit.errors import UserError
from kit.exports import load_version, operations_needed, register_operations
from tests.exports import parts


@pytest.fixture
def version(tmp_path):
    return parts.complete(parts.saved_shelf(tmp_path))


def with_operation(version, name):
    parts.edit_graph(version, lambda graph: graph.graph_def.node.add(name="odd", op=name))
    return version


def test_a_package_that_is_missing_is_named_with_the_remedy(version, monkeypatch):
    monkeypatch.setitem(sys.modules, "scann", None)
    (version / "assets.extra" / "manifest.json").unlink()
    with_operation(version, "Scann>ScannSearchBatched")
    with pytest.raises(UserError, match="operations of scann") as error:
        load_version(version)
    assert "Scann>ScannSearchBatched" in str(error.value)
    assert "Install it" in str(error.value)


def test_modules_are_imported_only_for_operations_of_the_graph(version, monkeypatch):
    monkeypatch.setitem(sys.modules, "scann", None)
    parts.edit_json(version, "card", lambda card: card.update(custom_ops={"scann": []}))
    register_operations(version)


def test_what_the_card_says_of_operations(version):
    assert operations_needed(version) == {}
    named = {"scann": ["Scann>TensorsToScann"]}
    parts.edit_json(version, "card", lambda card: card.update(custom_ops=named))
    assert operations_needed(version) == named
    (version / "assets.extra" / "card.json").unlink()
    assert operations_needed(version) == {}


@pytest.mark.parametrize("custom", [["x"], {"x": "y"}])
def test_a_damaged_card_is_refused(tmp_path, custom):
    (tmp_path / "assets.extra").mkdir()
    card = tmp_path / "assets.extra" / "card.json"
    card.write_text(json.dumps({"custom_ops": custom}))
    with pytest.raises(UserError, match="does not map modules to lists"):
        operations_needed(tmp_path)
    card.write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        operations_needed(tmp_path)
