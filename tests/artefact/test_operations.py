import json
import sys

import pytest

from kit.artefact import load_version, register_operations
from kit.errors import UserError


def version(folder, card):
    (folder / "assets.extra").mkdir(parents=True)
    (folder / "assets.extra" / "card.json").write_text(json.dumps(card))
    return folder


def test_packages_that_the_card_names_are_imported(tmp_path, monkeypatch):
    (tmp_path / "new_operations.py").write_text("loaded = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    register_operations(version(tmp_path / "1", {"custom_ops": {"new_operations": ["New"]}}))
    assert sys.modules["new_operations"].loaded


def test_a_package_that_is_missing_is_named_with_the_remedy(tmp_path):
    folder = version(tmp_path, {"custom_ops": {"no_such_package": ["SomeOperation"]}})
    with pytest.raises(UserError, match="operations of no_such_package") as error:
        load_version(folder)
    assert "SomeOperation" in str(error.value)
    assert "Install it" in str(error.value)


@pytest.mark.parametrize("custom", [["x"], {"x": "y"}])
def test_a_damaged_card_is_refused(tmp_path, custom):
    with pytest.raises(UserError, match="does not map modules to lists"):
        register_operations(version(tmp_path, {"custom_ops": custom}))
    (tmp_path / "assets.extra" / "card.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        register_operations(tmp_path)


def test_without_a_card_there_is_nothing_to_load(tmp_path):
    register_operations(tmp_path)
