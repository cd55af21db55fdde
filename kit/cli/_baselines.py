"""Simple models before any training."""

from typing import Any

import click

from kit.config import DataOptions
from kit.console import COMPARED, Command, echo, echo_json, options, print_comparison, warn
from kit.errors import UserError
from kit.tasks import PredictionMetrics

# What other recipes learn from; its baselines stand in the closing table of their training.
OTHER_SOURCES = {
    "in-vehicle-coupon": "ranking",
    "synthetic-campaign": "uplift",
    "fashion-mnist-part": "image-classification",
    "bccd": "object-detection",
    "sentiment-labelled-sentences": "text-classification",
    "tatoeba-eng-fra-part": "translation",
    "scitldr-part": "summarization",
}


@click.command(cls=Command, example="kit baselines online-retail")
@options(DataOptions, "data", source_is_argument=True)
@click.option(
    "--include-seen", is_flag=True, help="Also recommend items the user has already seen."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, see above.")
def baselines(data: DataOptions, include_seen: bool, as_json: bool) -> None:
    """Evaluate simple models on SOURCE, a log of interactions, before any training.

    Split, protocol and metrics are those of kit train two-tower. --json prints {"evaluations":
    [{"protocol", "system", "metrics": {NAME: {"mean", "low", "high"}}}], "left_out": {NAME:
    REASON}, "counts": {NAME: NUMBER}, "warnings": [TEXT]}.
    """
    if data.data in OTHER_SOURCES:
        raise UserError(
            f"'{data.data}' is not a log of interactions.",
            where="SOURCE",
            expected="users with the items they interacted with",
            remedy=f"kit train {OTHER_SOURCES[data.data]} --data {data.data} prints the baselines "
            "of this kind of data.",
        )
    dataset = data.dataset()
    from kit.data import data_warnings
    from kit.tasks import data_lines

    for line in [] if as_json else data_lines(dataset, data.weight_column):
        echo(line)
    warnings = data_warnings(dataset)
    warn(warnings)
    from kit.evaluation import affordable_users, evaluated_baselines, ranking_task

    task = ranking_task(
        dataset,
        "test",
        exclude_seen=not include_seen,
        max_users=affordable_users(dataset.num_items, times=4),
    )
    results, left_out = evaluated_baselines(dataset, task)
    if not as_json:
        print_comparison(task.protocol, results, left_out, notes=[task.evaluated])
        return
    document: dict[str, Any] = {
        "evaluations": [
            PredictionMetrics(task.protocol, name, result, COMPARED).document()
            for name, result in results.items()
        ],
        "left_out": left_out,
        "counts": task.counts,
        "warnings": warnings,
    }
    echo_json(document)
