"""Measuring an export."""

from dataclasses import replace
from pathlib import Path

import click

from kit.cli._artefact import EXAMPLE_FOLDER, open_artefact
from kit.console import Command, DataOptions, print_comparison


@click.command(cls=Command, example=f"kit evaluate {EXAMPLE_FOLDER}")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--data", "source", metavar="SOURCE", help="Other data than it was trained on.")
@click.option("--users", "most", type=click.IntRange(min=1), default=20_000, show_default=True)
def evaluate(folder: Path, source: str | None, most: int) -> None:
    """Evaluate an export, through its own signature, on the test part of its data."""
    artefact = open_artefact(folder)
    from kit.evaluation import evaluate_lists, ranking_task

    options = DataOptions(**artefact.card["data"])
    if source is not None:
        options = replace(options, data=source)
    dataset = options.dataset()
    task = ranking_task(
        dataset,
        "test",
        exclude_seen=artefact.card["exclude_seen"],
        max_users=most,
        knows_valid=True,
    )
    result = evaluate_lists(task, dataset, artefact.top_lists)
    print_comparison(task.protocol, {artefact.card["recipe"]: result}, {})
