"""Changing what an export recommends from, without training."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.cli._open_export import EXAMPLE_FOLDER, checked_version, trust_option
from kit.config import FormatOptions, read_ids
from kit.console import Command, echo, options, quiet_tensorflow

if TYPE_CHECKING:
    import polars as pl


@click.command(cls=Command, example=f"kit index {EXAMPLE_FOLDER} --add items.csv")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--add",
    "added",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Items to add, with the features the model was trained with.",
)
@click.option(
    "--remove",
    "removed",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Ids of items to remove, one a line.",
)
@click.option("--item-column", metavar="NAME", help="Column of the item, if not found by name.")
@click.option(
    "--index",
    type=click.Choice(["auto", "exact", "inverted-file", "scann"]),
    help="How the new version finds the best items.  [default: as before]",
)
@click.option(
    "--recall",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="SHARE",
    help="Of the 10 best items, the share an inverted file has to find.  [default: as before]",
)
@click.option(
    "--index-rows",
    type=click.Choice(["float32", "bfloat16", "int8"]),
    help="How an inverted file keeps its vectors.  [default: as before]",
)
@options(FormatOptions, "format")
@trust_option
def index(
    folder: Path,
    added: Path | None,
    removed: Path | None,
    item_column: str | None,
    index: str | None,
    recall: float | None,
    index_rows: str | None,
    format: FormatOptions,
    trust: bool,
) -> None:
    """Add and remove items without training, or search them otherwise: a new version.

    New items are embedded by the item tower from their features. People keep their query vectors;
    what is removed is no longer recommended, and leaves their histories.
    """
    searched = {"kind": index, "recall": recall, "rows": index_rows}
    searched = {name: value for name, value in searched.items() if value is not None}
    if added is None and removed is None and not searched:
        raise click.UsageError("Nothing to change: give --add, --remove or --index.")
    from kit.exports import index_line, recommender_card

    version = checked_version(folder, trust=trust)
    if recommender_card(version).plan is not None:
        echo("note:      prices hold for the catalogue of the plan: plan again with kit plan")
    gone = read_ids(removed, format.format()) if removed is not None else []
    quiet_tensorflow()
    from kit.data import read_new_items
    from kit.exporting import Catalogue
    from kit.exports import ItemContent
    from kit.retrieval import IndexSettings

    catalogue = Catalogue.of(version, trust=trust)
    if gone:
        catalogue = catalogue.without(gone)
        echo(f"removed:   {len(set(gone)):,} items")
    if added is not None:
        contents = [
            ItemContent(saved["column"], saved["encoder"], str(added.parent), trust=trust)
            for saved in catalogue.card.item_contents
        ]

        def completed(table: "pl.DataFrame") -> "pl.DataFrame":
            for content in (c for c in contents if c.column in table.columns):
                table = content.joined(table)
            return table

        table, dropped, notes = read_new_items(
            added,
            catalogue.encoder,
            item_column=item_column,
            format=format.format(),
            completed=completed,
            contents=[content.column for content in catalogue.contents],
        )
        catalogue = catalogue.with_items(table, added.parent)
        echo(f"added:     {len(table):,} items")
        for step in dropped:
            echo(f"dropped:   {step.rows:,} {step.name}")
        for note in notes:
            echo(f"note:      {note}")
    settings = IndexSettings(**{**catalogue.card.index.get("settings", {}), **searched})
    new, _ = catalogue.export(version.parent, settings)
    echo(f"items:     {len(catalogue.parts.item_ids):,}")
    echo(f"index:     {index_line(recommender_card(new))}")
    echo(f"model:     {new}")
