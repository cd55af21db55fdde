"""Which columns the predictions of an export depend on."""

from pathlib import Path

import click

from kit.cli._evaluate import check_rows_are_left
from kit.cli._open_export import checked_version, trust_option
from kit.cli._write_table import write_table
from kit.console import Command, echo, echo_json, print_table, quiet_tensorflow
from kit.errors import UserError
from kit.tasks import Tabular

CAUSES = (
    "What predicts need not cause: to change a column is another question, which only an "
    "experiment answers."
)


@click.command(cls=Command, example="kit drivers saved_models/ranking --group price,discount")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--data", "source", metavar="SOURCE", help="Other data than it was trained on.")
@click.option(
    "--group",
    "groups",
    multiple=True,
    metavar="COLUMN,...",
    help="Columns to shuffle together, besides the correlated ones; repeatable.",
)
@click.option(
    "--repeats",
    type=click.IntRange(min=3),
    default=5,
    show_default=True,
    metavar="NUMBER",
    help="Shuffles of each group.",
)
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=5000,
    show_default=True,
    metavar="NUMBER",
    help="Most rows to measure on; of more they are drawn at random.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A .csv or .parquet file to write the table to.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, see above.")
@trust_option
def drivers(
    folder: Path,
    source: str | None,
    groups: tuple[str, ...],
    repeats: int,
    rows: int,
    output: Path | None,
    as_json: bool,
    trust: bool,
) -> None:
    """Find the columns of a table that an export's predictions depend on.

    Each column is shuffled among the rows of test, correlated ones together, and the log loss
    measured again. The zero line is what the increase stays below in 95 of 100 columns without
    information; a column predicts if the increase is above it, and its 95 % interval above 0.

    --json prints {"rows", "loss", "repeats", "drivers": [{"columns", "increase", "low", "high",
    "zero", "predicts"}]}, the largest increase first.
    """
    version = checked_version(folder, trust=trust)
    from kit.exports import TabularCard, read_card

    card = read_card(version)
    if not isinstance(card, TabularCard):
        raise UserError(
            "Drivers are measured of models that read a table.",
            where=str(version),
            expected=f"an export of kit train ranking; this one {card.purpose}",
            remedy="Recommendations are explained by kit explain.",
        )
    check_rows_are_left(version, source)
    data = Tabular.open_again(card, source)
    quiet_tensorflow()
    from kit.exports import Predictor

    found = Predictor(version, trust=trust).drivers(
        data.test,
        group=[[name.strip() for name in group.split(",")] for group in groups],
        repeats=repeats,
        limit=rows,
    )
    table = found.table
    if as_json:
        facts = {"rows": found.rows, "loss": found.loss, "repeats": found.repeats}
        echo_json({**facts, "drivers": table.to_dicts()})
    else:
        title = (
            f"{found.rows:,} of {len(data.test):,} rows of test, split {data.split}; log loss "
            f"{found.loss:.4f}; each group shuffled {found.repeats} times"
        )
        print_table(
            title,
            ["columns", "loss increase", "95 % interval", "zero line", "predicts"],
            [
                [
                    ", ".join(row["columns"]),
                    f"{row['increase']:.4f}",
                    f"{row['low']:.4f} to {row['high']:.4f}",
                    f"{row['zero']:.4f}",
                    "yes" if row["predicts"] else "no",
                ]
                for row in table.to_dicts()
            ],
        )
        echo(CAUSES)
    if output is not None:
        import polars as pl

        text = table.with_columns(pl.col("columns").list.join(","))
        write_table(text if output.suffix != ".parquet" else table, output, "drivers")
