"""Measuring an export."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from kit.cli._artefact import EXAMPLE_FOLDER, checked_version, open_artefact, trust_option
from kit.cli._evaluate_images import evaluate_detection, evaluate_images
from kit.cli._evaluate_pairs import evaluate_pairs
from kit.cli._evaluate_texts import evaluate_texts
from kit.cli._measured import Measured, Metrics
from kit.console import (
    Command,
    DataOptions,
    TableOptions,
    echo,
    echo_json,
    quiet_tensorflow,
)
from kit.errors import UserError

ROWS_AT_ONCE = 4096


@click.command(cls=Command, example=f"kit evaluate {EXAMPLE_FOLDER}")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--data", "source", metavar="SOURCE", help="Other data than it was trained on.")
@click.option(
    "--users",
    "most",
    type=click.IntRange(min=1),
    default=20_000,
    show_default=True,
    help="Most users a recommender is measured on.",
)
@trust_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, see above.")
def evaluate(folder: Path, source: str | None, most: int, trust: bool, as_json: bool) -> None:
    """Evaluate an export, through its own signature, on the test part of its data.

    --json prints {"evaluations": [{"protocol", "system", "metrics": {NAME: {"mean", "low",
    "high"}}}]}, one for each label of a table; low and high are a 95 % interval, null where
    there is none. A detector also has "classes".
    """
    notes: list[str] = []
    measured = _measured(folder, source, most, trust, notes)
    for line in notes:
        echo(line, err=as_json)
    if as_json:
        echo_json({"evaluations": [one.document() for one in measured]})
        return
    for one in measured:
        one.show()


def _measured(
    folder: Path, source: str | None, most: int, trust: bool, notes: list[str]
) -> Sequence[Measured]:
    version = checked_version(folder, trust=trust)
    from kit.artefact import read_card

    card = read_card(version)
    if "preset" in card:
        raise UserError(
            "An encoder gives vectors, which nothing says to be right or wrong.",
            where=str(version),
            expected="an export of a recipe",
            remedy="Evaluate the model that uses it, trained with --text-encoder.",
        )
    if "labels" in card:
        return _evaluate_ranking(version, card, source, trust, notes)
    if "picture_shape" in card:
        return [evaluate_detection(version, card, source, trust)]
    if "pieces" in card:
        return [evaluate_texts(version, card, source, trust)]
    if "classes" in card:
        return [evaluate_images(version, card, source, trust)]
    if "writes" in card:
        return [evaluate_pairs(version, card, source, trust)]
    if "names" not in card:
        raise UserError(
            "It is not known how this model is measured.",
            where=str(version),
            expected="what a recipe of this kit exports: kit recipes",
            remedy=f"Ask it with kit predict {folder}.",
        )
    artefact = open_artefact(folder, trust=trust)
    from kit.data import is_prepared, note_lines
    from kit.evaluation import evaluate_lists, ranking_task

    options = DataOptions(**artefact.card["data"])
    if source is not None:
        options = replace(options, data=source)
    elif options.split is None and not is_prepared(options.data):
        # The default follows from the data and from the version: another split than that of the
        # training would test on what the model was trained on.
        method = re.match("[a-z-]+", artefact.card["dataset"]["split"])
        options = replace(options, split=method[0] if method else None)
    dataset = options.dataset()
    notes += note_lines(dataset)
    task = ranking_task(
        dataset,
        "test",
        exclude_seen=artefact.card["exclude_seen"],
        max_users=most,
        knows_valid=True,
    )
    result = evaluate_lists(task, dataset, artefact.top_lists)
    notes.append(f"note:      {task.evaluated}")
    return [Metrics(task.protocol, artefact.card["recipe"], result)]


def _evaluate_ranking(
    version: Path, card: dict[str, Any], source: str | None, trust: bool, notes: list[str]
) -> Sequence[Measured]:
    options = TableOptions.of_card(card["data"])
    if source is not None:
        options = replace(options, data=source)
    from kit.data import note_lines, schema_from

    schema = schema_from(card["schema"], where=str(version))
    dataset = options.dataset(schema, needs_history=card["model"] == "din")
    notes += note_lines(dataset)
    quiet_tensorflow()
    import numpy as np
    import tensorflow as tf

    from kit.artefact import load_version
    from kit.evaluation import Predictions, protocol_of
    from kit.export import outputs_of, raw_inputs

    signature = load_version(version, trust=trust).signatures["serving_default"]
    said = []
    for start in range(0, len(dataset.test), ROWS_AT_ONCE):
        rows = dataset.test.features[start : start + ROWS_AT_ONCE]
        inputs = raw_inputs(rows, schema.features)
        answer = signature(**{name: tf.constant(values) for name, values in inputs.items()})
        outputs = [answer[name].numpy() for name in outputs_of(dataset.labels)]
        said.append(np.stack(outputs, axis=1))
    found = Predictions.of(dataset.test, dataset.labels, np.concatenate(said))
    return [
        Metrics(
            f"{label}: {protocol_of(dataset, 'test', found)}", card["model"], result, result.metrics
        )
        for label, result in found.of_labels.items()
    ]
