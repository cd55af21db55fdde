"""The site has a page for every package, and every public name a docstring."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
spec = spec_from_file_location("hooks", ROOT / "docs" / "hooks.py")
assert spec is not None
assert spec.loader is not None
hooks = module_from_spec(spec)
spec.loader.exec_module(hooks)


def test_every_public_name_has_a_docstring() -> None:
    assert hooks.undocumented() == []


def test_every_package_has_a_page_of_the_reference() -> None:
    shown = set(hooks.public_packages()) | {"kit.cli", "kit.recipes"}
    packages = {f"kit.{path.parent.name}" for path in ROOT.glob("kit/*/__init__.py")}
    assert packages <= shown
    assert "::: kit.layers.Embedding\n" in hooks.api_page("kit.layers")


def test_a_name_without_a_docstring_is_found(tmp_path: Path, monkeypatch) -> None:
    package = tmp_path / "kit" / "things"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "from kit.things._thing import Thing as Thing\n"
        "from kit.things._thing import other as other\n"
        'LIMIT = 3\n"""Of things."""\n'
        "FEW = 2\n"
    )
    (package / "_thing.py").write_text('class Thing:\n    """A thing."""\n\n\ndef other(): ...\n')
    monkeypatch.setattr(hooks, "ROOT", tmp_path)
    hooks._tree.cache_clear()
    try:
        assert hooks.public_packages() == ["kit.things"]
        assert hooks.undocumented() == ["kit.things.FEW", "kit.things.other"]
    finally:
        hooks._tree.cache_clear()


@pytest.mark.parametrize("link", ["results.md#speed", "../SECURITY.md", "../recipes/two_tower.py"])
def test_links_of_the_repository_become_links_of_the_site(link: str) -> None:
    class Files:
        def get_file_from_path(self, path: str) -> bool:
            return path in {"results.md", "security.md", "recipes/two_tower.md"}

    class Page:
        class file:
            src_uri = "scale.md"

    moved = hooks.on_page_markdown(f"[here]({link})", Page, None, Files())
    there = {"../SECURITY.md": "security.md", "../recipes/two_tower.py": "recipes/two_tower.md"}
    assert moved == f"[here]({there.get(link, link)})"


def test_the_help_of_every_command_is_shown_without_tensorflow() -> None:
    page = hooks.commands_page()
    assert "## kit train two-tower\n" in page
    assert "## kit copy\n" in page
    assert "hooks" not in sys.modules
