"""`kit copy` writes a recipe as a script that runs."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.recipes import RECIPES


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_is_copied_and_its_command_printed(recipe: str, tmp_path: Path) -> None:
    folder = tmp_path / "a project"
    result = CliRunner().invoke(main, ["copy", recipe, str(folder)])
    assert result.exit_code == 0, result.output
    (script,) = folder.iterdir()
    assert script.name == recipe.replace("-", "_") + ".py"
    assert "__main__" in script.read_text()
    assert f"python '{script}' --data " in result.output


def test_a_copied_recipe_runs_from_another_folder(tmp_path: Path) -> None:
    CliRunner().invoke(main, ["copy", "two-tower", str(tmp_path)])
    run = subprocess.run(
        [sys.executable, "two_tower.py", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert "--uniform-negatives" in run.stdout


def test_a_file_of_the_user_is_not_overwritten(tmp_path: Path) -> None:
    own = tmp_path / "ranking.py"
    own.write_text("mine")
    result = CliRunner().invoke(main, ["copy", "ranking", str(tmp_path)])
    assert result.exit_code == 2
    assert f"{own} already exists." in result.stderr
    assert own.read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(main, ["copy", "ranking", str(tmp_path / "file" / "folder")])
    assert result.exit_code == 2
    assert str(tmp_path / "file") in result.stderr
    assert "remedy" in result.stderr or "Cannot write" in result.stderr


def test_an_unknown_recipe_gets_a_near_match(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["copy", "two-towr", str(tmp_path / "new")])
    assert result.exit_code == 2
    assert "There is no recipe 'two-towr'." in result.stderr
    assert "Did you mean two-tower?" in result.stderr
    assert not (tmp_path / "new").exists()
