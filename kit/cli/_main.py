"""The group all commands hang on."""

from difflib import get_close_matches
from importlib import import_module

import click

from kit import __version__
from kit.console import Command, print_table
from kit.recipes import RECIPES


class Recipes(click.Group):
    """Recipes as commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(RECIPES)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in RECIPES:
            close = get_close_matches(name, RECIPES, n=1)
            meant = f" Did you mean {close[0]}?" if close else ""
            ctx.fail(f"There is no recipe {name!r}.{meant} Recipes: {', '.join(sorted(RECIPES))}.")
        command: click.Command = import_module(RECIPES[name]).main
        return command


@click.group()
@click.version_option(__version__)
def main() -> None:
    """From interaction logs to a recommender that answers.

    Start with:  kit data online-retail
    """


@main.group(cls=Recipes)
def train() -> None:
    """Train a recipe, evaluate it, export it and verify the export."""


@main.command(cls=Command, example="kit recipes")
def recipes() -> None:
    """List the recipes and what each is for."""
    rows = []
    for name, module in sorted(RECIPES.items()):
        about = (import_module(module).__doc__ or "").splitlines()[0]
        rows.append([name, about])
    print_table("kit train RECIPE", ["recipe", "what it does"], rows)
