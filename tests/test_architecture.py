"""The rules of the house that a machine can check."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = [
    {"errors", "progress", "_lazy"},
    {"_backend"},
    {"manifests"},
    {"layers", "optimizers", "losses", "metrics", "cluster", "tokenizers"},
    {"retrieval", "reranking", "data"},
    {"artefact"},
    {"models"},
    {"export", "evaluation", "training", "serving"},
    {"config"},
    {"tasks", "console"},
    {"pipeline"},
    {"recipes", "_result"},
    {"cli", "_api"},
    {"__main__"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
SOURCES = sorted([*ROOT.glob("kit/**/*.py"), *ROOT.glob("recipes/**/*.py")])


def room_of(module: str) -> str | None:
    parts = module.split(".")
    if parts[0] == "recipes":
        return "recipes"
    return parts[1] if parts[0] == "kit" and len(parts) > 1 else None


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def imported_modules(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the full name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


# One test for all files, not one a file: thousands of tests take time to be collected.
def test_imports_run_down_only() -> None:
    wrong = []
    for path in SOURCES:
        if path == ROOT / "kit/__init__.py":
            continue  # Its imports are for type checkers only, see below.
        own_room = room_of(module_of(path))
        for module in imported_modules(path):
            room = room_of(module)
            if room is None or room == own_room or module == "kit.__version__":
                continue
            if room not in FLOOR_OF:
                wrong.append(f"{path}: {room} is on no floor")
            elif own_room is None:
                wrong.append(f"{path}: kit/__init__.py imports no package")
            elif FLOOR_OF[room] >= FLOOR_OF[own_room]:
                wrong.append(f"{path}: {own_room} may not import {room}")
    assert not wrong


def test_files_stay_small() -> None:
    assert [p for p in SOURCES if len(p.read_text().splitlines()) > 400] == []


def test_only_the_module_that_reaches_tfrs_knows_tf_keras() -> None:
    for path in SOURCES:
        if path != ROOT / "kit/retrieval/_tfrs.py":
            assert "tf.keras" not in path.read_text(), path
            assert not any("tensorflow_recommenders" in m for m in imported_modules(path)), path


def test_importing_kit_and_its_command_loads_no_tensorflow() -> None:
    heavy = "('tensorflow', 'keras', 'polars')"
    code = f"import sys, kit, kit.cli; print([m for m in {heavy} if m in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert answer.stdout.strip() == "[]"


def test_importing_kit_imports_no_package_of_it() -> None:
    code = "import sys, kit; print([m for m in sys.modules if m.startswith('kit.')])"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert answer.stdout.strip() == "[]"


PACKAGES = sorted(path.parent.name for path in ROOT.glob("kit/*/__init__.py"))


def test_packages_are_attributes_that_a_type_checker_sees_too() -> None:
    import kit

    names = {name for name in dir(kit) if not name.startswith("_")}
    assert names >= {*PACKAGES, "errors", "progress"}
    assert kit.errors.UserError.__module__ == "kit.errors"
    declared = imported_modules(ROOT / "kit/__init__.py")
    assert declared >= {f"kit.{name}" for name in PACKAGES}
    with pytest.raises(AttributeError, match="no attribute 'layer'"):
        kit.layer  # noqa: B018


def test_packages_that_import_keras_look_at_its_backend_first() -> None:
    for path in SOURCES:
        at_the_top = {
            alias.name.split(".")[0]
            for node in tree_of(path).body
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        if "keras" in at_the_top and module_of(path).startswith("kit."):
            package = ROOT / "kit" / str(room_of(module_of(path))) / "__init__.py"
            lines = package.read_text().splitlines()
            first = next(line for line in lines if line.startswith(("from kit", "import kit")))
            assert first == "from kit import _backend as _backend", path
