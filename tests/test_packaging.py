"""The distribution holds the package `kit`, with the recipes and the data inside it."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

import kit

ROOT = Path(__file__).parent.parent
RECIPES = sorted(path.stem for path in ROOT.glob("recipes/*.py"))


def test_the_version_is_written_once() -> None:
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert metadata["project"]["dynamic"] == ["version"]
    assert metadata["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "kit.__version__"}
    assert kit.__version__.count(".") == 2


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_at_the_top_level_are_modules_of_kit(name: str) -> None:
    module = "kit.recipes" if name == "__init__" else f"kit.recipes.{name}"
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).samefile(ROOT / "recipes" / f"{name}.py")


@pytest.mark.slow
def test_the_wheel_holds_kit_and_nothing_else(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    tracked = [name for name in listed.stdout.split("\0")[:-1] if (ROOT / name).exists()]
    for name in tracked:
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / "tree" / name, follow_symlinks=False)
    build = "-m pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir"
    subprocess.run(
        [sys.executable, *build.split(), str(tmp_path), "."], cwd=tmp_path / "tree", check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert len(names) == len(set(names))
    of_the_package = {name for name in names if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in of_the_package} == {"kit"}
    in_the_tree = {name for name in tracked if name.startswith("kit/")} - {"kit/recipes"}
    in_the_tree |= {f"kit/{name}" for name in tracked if name.startswith("recipes/")}
    assert of_the_package == in_the_tree
