"""A recipe as a script of the user's own."""

import shlex
from difflib import get_close_matches
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import click

from kit.console import Command, echo
from kit.errors import UserError
from kit.recipes import RECIPES


@click.command(cls=Command, example="kit copy two-tower my_project")
@click.argument("recipe")
@click.argument("folder", type=click.Path(path_type=Path))
def copy(recipe: str, folder: Path) -> None:
    """Copy a recipe into FOLDER as a script, to be read and changed.

    The script takes the options of `kit train RECIPE`. It imports kit and needs no other file.
    """
    if recipe not in RECIPES:
        close = get_close_matches(recipe, RECIPES, n=1)
        raise UserError(
            f"There is no recipe {recipe!r}.",
            expected=f"one of {', '.join(sorted(RECIPES))}",
            remedy=f"Did you mean {close[0]}?" if close else "See `kit recipes`.",
        )
    module = RECIPES[recipe].rpartition(".")[2]
    script = folder / f"{module}.py"
    source = (files("kit.recipes") / script.name).read_text(encoding="utf-8")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with script.open("x", encoding="utf-8") as file:
            file.write(source)
    except FileExistsError as error:
        raise UserError(
            f"{error.filename} already exists.",
            expected="a folder without a file of this name",
            remedy="Name another folder, or move the file away.",
        ) from None
    except OSError as error:
        raise UserError(f"Cannot write {script}: {error.strerror}.", where=str(script)) from None
    example = str(import_module(RECIPES[recipe]).main.epilog).partition("  ")[2]
    command = example.replace(f"kit train {recipe}", f"python {shlex.quote(str(script))}")
    echo(f"wrote:     {script}")
    echo(f"next:      {command}")
