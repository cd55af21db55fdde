"""Items that come to a catalogue later, with their features."""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from kit.data._clean import CleaningStep
from kit.data._feature_encoder import FeatureEncoder
from kit.data._features import read_features
from kit.data._table_format import DETECTED, TableFormat
from kit.errors import UserError


def read_new_items(
    path: Path,
    encoder: FeatureEncoder,
    *,
    item_column: str | None = None,
    completed: Callable[[pl.DataFrame], pl.DataFrame] = lambda table: table,
    contents: Sequence[str] = (),
    format: TableFormat = DETECTED,
) -> tuple[pl.DataFrame, list[CleaningStep], list[str]]:
    """Read items to be embedded from their features.

    Args:
        path: the file.
        encoder: of the model's item features; columns of it that the file lacks are null.
        item_column: the id column, if it is not to be found by name.
        completed: adds columns that the model knows and the file cannot have.
        contents: columns of images and texts that the model reads; likewise null.
        format: how a text table is written, where its content does not show it.

    Returns:
        `item_id` (String, unique, not null) and the other columns; what was dropped; and lines on
        how cells were read.

    Raises:
        UserError: no id column, an id twice, no row, no column the model knows, or text where
            the model expects numbers.
    """
    kinds = {name: "number" for name, _, _ in encoder.numbers}
    kinds |= dict.fromkeys([*encoder.text, *contents], "text")
    found = read_features(
        path,
        "item",
        named=item_column,
        in_interactions="item_id",
        known=None,
        kinds=kinds,
        format=format,
    )
    table = completed(found.table)
    known = [*encoder.text, *(name for name, _, _ in encoder.numbers), *contents]
    if not set(known) & set(table.columns):
        raise UserError(
            "The file has none of the features the model embeds items from.",
            where=f"{path}, columns {', '.join(table.columns[1:])}",
            expected=f"some of: {', '.join(known)}",
            remedy="Name the columns as in the --items file the model was trained with.",
        )
    for name, _, _ in encoder.numbers:
        if name in table.columns and not table[name].dtype.is_numeric():
            raise UserError(
                f"Column {name} is a number to the model and holds something else.",
                where=f"{path}, column {name}",
                expected="numbers",
                remedy="Correct the values, or leave the column out.",
            )
    names = dict.fromkeys([*encoder.text, *contents])
    texts = [pl.lit(None, pl.String).alias(name) for name in names]
    numbers = [pl.lit(None, pl.Float64).alias(name) for name, _, _ in encoder.numbers]
    lacking = [null for null in texts + numbers if null.meta.output_name() not in table.columns]
    return table.with_columns(lacking), found.cleaning, found.notes
