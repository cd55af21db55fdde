"""Evaluating an export."""

from pathlib import Path

import click

from kit.cli._open_export import EXAMPLE_FOLDER, checked_version, trust_option
from kit.console import Command, echo, echo_json, print_comparison, print_table, quiet_tensorflow
from kit.errors import UserError
from kit.tasks import Comparison, Export, ExportEvaluation


@click.command(cls=Command, example=f"kit evaluate {EXAMPLE_FOLDER}")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--data", "source", metavar="SOURCE", help="Other data than it was trained on.")
@click.option(
    "--users",
    "max_users",
    type=click.IntRange(min=1),
    help="Most users a recommender is measured on.  [default: as many as kit train measured]",
)
@click.option(
    "--against",
    metavar="FILE",
    help="Forecasts of another system, to be measured beside a forecaster: a table as of kit "
    "forecast, of the test part.",
)
@trust_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, see above.")
def evaluate(
    folder: Path,
    source: str | None,
    max_users: int | None,
    against: str | None,
    trust: bool,
    as_json: bool,
) -> None:
    """Evaluate an export, through its own signature, on the test part of its data.

    --json prints {"evaluations": [{"protocol", "system", "metrics": {NAME: {"mean", "low",
    "high"}}}]}, one for each label of a table; low and high are a 95 % interval, null where
    there is none. A detector also has "classes".
    """
    found = _evaluated(folder, source, max_users, against, trust)
    for line in found.notes:
        echo(line, err=as_json)
    if as_json:
        echo_json({"evaluations": [result.document() for result in found.results]})
        return
    for table in (result.table() for result in found.results):
        if isinstance(table, Comparison):
            print_comparison(table.title, table.systems, table.left_out, table.metrics)
        else:
            print_table(table.title, table.columns, table.rows)


def check_rows_are_left(version: Path, source: str | None) -> None:
    """The data that a model was trained on have to hold rows it was not trained on.

    Raises:
        UserError: it was trained again on all of them, and no others are named.
    """
    from kit.exports import read_card

    if read_card(version).refit and source is None:
        raise UserError(
            "The export was trained again on all rows: none are left to measure it on.",
            where=str(version),
            expected="a model trained without --refit, or rows that came later",
            remedy="Read the metrics of the model before the refit in its card, or give --data.",
        )


def _evaluated(
    folder: Path, source: str | None, max_users: int | None, against: str | None, trust: bool
) -> ExportEvaluation:
    version = checked_version(folder, trust=trust)
    from kit.exports import read_card

    card = read_card(version)
    if card.task == "encoder":
        raise UserError(
            "An encoder gives vectors, which nothing says to be right or wrong.",
            where=str(version),
            expected="an export of a recipe",
            remedy="Evaluate the model that uses it, trained with --text-encoder.",
        )
    check_rows_are_left(version, source)
    # Imported here, as it loads every task.
    from kit.tasks import TASKS

    if card.task not in TASKS:
        raise UserError(
            "It is not known how this model is measured.",
            where=str(version),
            expected=f"an export of one of the tasks {', '.join(TASKS)}",
            remedy=f"Query it with kit predict {folder}.",
        )
    if against is not None and card.task != "forecasting":
        raise UserError(
            "Only forecasts can be compared with those of another system.",
            where="--against",
            expected=f"an export of kit train forecasting; {version} is of the task {card.task}",
            remedy="Leave --against out.",
        )
    task = TASKS[card.task]
    data = task.open_again(card, source)
    quiet_tensorflow()
    return task.predict_export(Export(version, card, trust, against), data, max_users=max_users)
