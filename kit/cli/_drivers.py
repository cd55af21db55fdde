"""Which columns or other inputs the predictions of an export depend on."""

from pathlib import Path

import click

from kit.cli._evaluate import check_rows_are_left
from kit.cli._open_export import checked_version, trust_option
from kit.cli._write_table import write_table
from kit.console import Command, echo, echo_json, print_table, quiet_tensorflow
from kit.errors import UserError

CAUSES = (
    "What predicts need not cause: to change it is another question, which only an experiment "
    "answers."
)
# Task to what its losses are of, and what they are.
MEASURED = {
    "tabular": ("rows of test", "log loss"),
    "customer-value": ("customers at the cut of test", "Poisson deviance over the mean value"),
    "forecasting": ("windows of test", "scaled quantile loss"),
}


@click.command(cls=Command, example="kit drivers saved_models/ranking --group price,discount")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--data", "source", metavar="SOURCE", help="Other data than it was trained on.")
@click.option(
    "--group",
    "groups",
    multiple=True,
    metavar="COLUMN,...",
    help="Columns or inputs to shuffle together, besides the correlated ones; repeatable.",
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
    help="Most rows, customers or windows to measure on; of more they are drawn at random.",
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
    """Find the columns or other inputs that an export's predictions depend on.

    Of a table, each column is shuffled among the rows of test, correlated ones together, and the
    loss measured again. Of customer values, these are the parts of histories: recency, rhythm and
    amounts; of forecasts the history, the calendar, the series and the columns of covariates.

    The zero line is what the increase stays below in 95 of 100 columns without information; a
    column predicts if the increase is above it, and its 95 % interval above 0.

    --json prints {"rows", "loss", "repeats", "constant", "drivers": [{"columns", "increase", "low",
    "high", "zero", "predicts"}]}, the largest increase first.
    """
    version = checked_version(folder, trust=trust)
    from kit.exports import read_card

    card = read_card(version)
    if card.task not in MEASURED:
        raise UserError(
            "Drivers are measured of models that read a table, purchases or series.",
            where=str(version),
            expected="an export of kit train ranking, customer-value or forecasting; this one "
            f"{card.purpose}",
            remedy="Recommendations are explained by kit explain.",
        )
    check_rows_are_left(version, source)
    from kit.tasks import TASKS

    data = TASKS[card.task].open_again(card, source)
    quiet_tensorflow()
    from kit.evaluation import drivers_of
    from kit.exports import load_export

    found = drivers_of(
        load_export(version, trust=trust),
        data,
        group=[[name.strip() for name in group.split(",")] for group in groups],
        repeats=repeats,
        limit=rows,
    )
    table = found.table
    if as_json:
        facts = {"rows": found.rows, "loss": found.loss, "repeats": found.repeats}
        echo_json({**facts, "constant": [*found.constant], "drivers": table.to_dicts()})
    else:
        what, loss = MEASURED[card.task]
        of_all = f" of {len(data.test):,}" if card.task == "tabular" else ""
        title = (
            f"{found.rows:,}{of_all} {what}, split {data.split}; {loss} {found.loss:.4f}; each "
            f"group shuffled {found.repeats} times"
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
        if found.constant:
            echo(
                f"note:      the same in all of these, so not shuffled: {', '.join(found.constant)}"
            )
        echo(CAUSES)
    if output is not None:
        import polars as pl

        text = table.with_columns(pl.col("columns").list.join(","))
        write_table(text if output.suffix != ".parquet" else table, output, "drivers")
