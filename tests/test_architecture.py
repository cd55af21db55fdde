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
    {"retrieval", "data"},
    {"privacy"},
    {"exports"},
    {"models"},
    {"exporting", "evaluation", "training", "serving"},
    {"report"},
    {"config"},
    {"tasks", "planning", "console"},
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
    assert [p for p in SOURCES if len(p.read_text().splitlines()) > 450] == []


def test_recipes_are_read_in_five_minutes() -> None:
    recipes = sorted((ROOT / "recipes").glob("*.py"))
    assert len(recipes) > 10
    assert [p for p in recipes if len(p.read_text().splitlines()) > 210] == []


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


# Tests that replace a part of a module, or that check an algorithm without a public name. Let the
# list become shorter, not longer.
REACH_INSIDE = {
    "tests/cli/test_open_export.py",
    "tests/cli/test_recommend_output.py",
    "tests/cli/test_verify.py",
    "tests/cluster/deployment/test_kubeflow.py",
    "tests/cluster/deployment/test_readme.py",
    "tests/cluster/deployment/test_slurm.py",
    "tests/cluster/test_loopback.py",
    "tests/data/images/test_split.py",
    "tests/data/table/test_schema.py",
    "tests/data/test_class_split.py",
    "tests/data/test_clean.py",
    "tests/data/test_columns.py",
    "tests/data/test_feature_encoder.py",
    "tests/data/test_files.py",
    "tests/data/test_histories.py",
    "tests/data/test_ids.py",
    "tests/data/test_matching.py",
    "tests/data/test_partition.py",
    "tests/data/test_parts.py",
    "tests/data/test_read.py",
    "tests/data/test_split.py",
    "tests/data/test_table_formats.py",
    "tests/data/test_times.py",
    "tests/data/test_user_chunks.py",
    "tests/evaluation/test_baselines.py",
    "tests/evaluation/test_evaluate.py",
    "tests/evaluation/test_tabular_baselines.py",
    "tests/evaluation/test_text_baselines.py",
    "tests/exporting/parts.py",
    "tests/exporting/test_detection.py",
    "tests/exporting/test_saved_model.py",
    "tests/exports/parts.py",
    "tests/exports/test_check.py",
    "tests/exports/test_check_c_library.py",
    "tests/exports/test_check_saved_model.py",
    "tests/exports/test_graph.py",
    "tests/exports/test_item_content.py",
    "tests/exports/test_loaders.py",
    "tests/exports/test_verify.py",
    "tests/exports/test_version_folder.py",
    "tests/layers/test_embedding.py",
    "tests/models/test_queries.py",
    "tests/optimizers/test_row_updates.py",
    "tests/recipes/test_going_on.py",
    "tests/report/test_figures.py",
    "tests/report/test_html.py",
    "tests/report/test_image_figures.py",
    "tests/report/test_ranking_numbers.py",
    "tests/retrieval/test_exact.py",
    "tests/retrieval/test_index_for.py",
    "tests/retrieval/test_lists.py",
    "tests/retrieval/test_scann.py",
    "tests/retrieval/test_search_where.py",
    "tests/retrieval/test_tfrs.py",
    "tests/serving/deployment/test_compose.py",
    "tests/serving/deployment/test_kubernetes.py",
    "tests/serving/deployment/test_readme.py",
    "tests/serving/deployment/test_server_config.py",
    "tests/serving/test_batching.py",
    "tests/serving/test_budget.py",
    "tests/serving/test_json_tensors.py",
    "tests/serving/test_json_values.py",
    "tests/serving/test_log.py",
    "tests/serving/test_protocol.py",
    "tests/serving/test_status.py",
    "tests/serving/test_warmup.py",
    "tests/test_backend.py",
    "tests/tokenizers/test_token_ids.py",
    "tests/training/batches/test_detections.py",
    "tests/training/test_checkpoint.py",
    "tests/training/test_fit.py",
    "tests/training/test_peers.py",
    "tests/training/test_precision.py",
}


def test_tests_import_public_names() -> None:
    def is_private(module: str) -> bool:
        first, *others = module.split(".")
        return first in ("kit", "recipes") and any(
            name.startswith("_") and not name.startswith("__") for name in others
        )

    inside = {
        str(path.relative_to(ROOT))
        for path in ROOT.glob("tests/**/*.py")
        if any(map(is_private, imported_modules(path)))
    }
    assert inside == REACH_INSIDE
