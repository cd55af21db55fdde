"""Write Frappe as the ranking benchmark uses it: train.csv, valid.csv and test.csv of one folder.

    python benchmarks/frappe.py path/to/frappe OUT
    kit train ranking --data OUT --label label

The published split (He and Chua 2017, Neural factorization machines) holds the log's 96,203 rows
and two sampled negatives a row. Its valid and test parts are taken as they are, with their one-hot
ids turned back into columns: an id counts through the columns' values, users and items by number,
the values of the other columns in the order of the log. The train part is made anew: the rows of
the log that are no positive of the two other parts, and two negatives for each, with the same user
and context and an item drawn evenly from those that the user never used. That is how the published
negatives are: all keep to it, though the paper says "in that context" only.
"""

import sys
from pathlib import Path

import click
import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kit.errors import UserError

NUMBERED = ("user", "item")
NOT_A_FEATURE = "cnt"
NEGATIVES = 2


def read_log(file: Path) -> pl.DataFrame:
    """The rows of the log, as text, without the count of uses."""
    return pl.read_csv(file, separator="\t", infer_schema=False).drop(NOT_A_FEATURE)


def values_by_id(log: pl.DataFrame) -> pl.DataFrame:
    """What each one-hot id means: columns id, column and value."""
    parts = []
    for column in log.columns:
        values = log[column].unique(maintain_order=True)
        if column in NUMBERED:
            values = values.cast(pl.Int64).sort().cast(pl.String)
        parts.append(
            pl.DataFrame({"column": pl.repeat(column, len(values), eager=True), "value": values})
        )
    return pl.concat(parts).with_row_index("id")


def read_part(file: Path, log: pl.DataFrame) -> pl.DataFrame:
    """A published part in the columns of the log and label, "1" or "0".

    Raises:
        UserError: an id is not of its column, or a positive is no row of the log.
    """
    meaning = values_by_id(log)
    lines = pl.read_csv(file, separator=" ", has_header=False, infer_schema=False)
    part = {}
    for place, column in enumerate(log.columns, start=1):
        ids = lines[:, place].str.strip_suffix(":1").cast(pl.UInt32)
        of_column = meaning.filter(pl.col("column") == column)
        found = pl.DataFrame({"id": ids}).join(
            of_column, on="id", how="left", maintain_order="left"
        )
        part[column] = found["value"]
        if found["value"].has_nulls():
            raise UserError(f"An id is none of column {column}.", where=str(file))
    label = (lines[:, 0] == "1").cast(pl.Int8).alias("label")
    table = pl.DataFrame(part).with_columns(label)
    stray = table.filter(pl.col("label") == 1).join(log, on=log.columns, how="anti")
    if len(stray):
        raise UserError(
            f"{len(stray)} positives are no rows of the log.",
            where=str(file),
            expected="ids that count through the values of the log",
        )
    return table


def sample_negatives(positives: pl.DataFrame, log: pl.DataFrame, seed: int) -> pl.DataFrame:
    """For each positive, two rows with its user and context and items that the user never used."""
    random = np.random.default_rng(seed)
    items = log["item"].unique().sort().to_numpy()
    rows = pl.concat([positives] * NEGATIVES)
    used = log.select("user", "item").unique()
    drawn = rows.with_columns(item=pl.Series(random.choice(items, len(rows))))
    while True:
        drawn = drawn.with_row_index("row")
        again = drawn.join(used, on=["user", "item"], how="semi")["row"].to_numpy()
        drawn = drawn.drop("row")
        if not len(again):
            return drawn
        item = drawn["item"].to_numpy().copy()
        item[again] = random.choice(items, len(again))
        drawn = drawn.with_columns(item=pl.Series(item))


def train_part(log: pl.DataFrame, others: list[pl.DataFrame], seed: int) -> pl.DataFrame:
    """The train part, in random order."""
    taken = pl.concat([part.filter(pl.col("label") == 1).drop("label") for part in others])
    positives = log.join(taken, on=log.columns, how="anti", maintain_order="left")
    negatives = sample_negatives(positives, log, seed)
    labelled = [
        rows.select(log.columns).with_columns(label=pl.lit(label, pl.Int8))
        for rows, label in ((positives, 1), (negatives, 0))
    ]
    return pl.concat(labelled).sample(fraction=1.0, shuffle=True, seed=seed)


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--seed", default=0, show_default=True, help="Of the negatives of train.")
def main(source: Path, out: Path, seed: int) -> None:
    """Write train.csv, valid.csv and test.csv of the Frappe files in SOURCE to OUT."""
    log = read_log(source / "frappe.tsv.gz")
    names = {"valid": "frappe.validation.libfm.gz", "test": "frappe.test.libfm.gz"}
    parts = {part: read_part(source / name, log) for part, name in names.items()}
    parts = {"train": train_part(log, list(parts.values()), seed), **parts}
    out.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        part.write_csv(out / f"{name}.csv")
        click.echo(f"{name}: {len(part):,} rows, {part['label'].sum():,} positives")


if __name__ == "__main__":
    main()
