"""Measuring an export."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from kit.cli._artefact import EXAMPLE_FOLDER, open_artefact
from kit.console import (
    Command,
    DataOptions,
    ImageOptions,
    TableOptions,
    TextOptions,
    print_comparison,
    quiet_tensorflow,
)
from kit.errors import UserError

ROWS_AT_ONCE, EXAMPLES_AT_ONCE = 4096, 256


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
def evaluate(folder: Path, source: str | None, most: int) -> None:
    """Evaluate an export, through its own signature, on the test part of its data."""
    from kit.artefact import read_card, version_folder

    version = version_folder(folder)
    card = read_card(version)
    if "labels" in card:
        _evaluate_ranking(version, card, source)
        return
    if "pieces" in card:
        _evaluate_texts(version, card, source)
        return
    if "classes" in card:
        _evaluate_images(version, card, source)
        return
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


def _evaluate_ranking(version: Path, card: dict[str, Any], source: str | None) -> None:
    options = TableOptions.of_card(card["data"])
    if source is not None:
        options = replace(options, data=source)
    from kit.data import schema_from

    schema = schema_from(card["schema"], where=str(version))
    dataset = options.dataset(schema, needs_history=card["model"] == "din")
    quiet_tensorflow()
    import numpy as np
    import tensorflow as tf

    from kit.evaluation import Predictions, protocol_of
    from kit.export import outputs_of, raw_inputs

    signature = tf.saved_model.load(str(version)).signatures["serving_default"]
    said = []
    for start in range(0, len(dataset.test), ROWS_AT_ONCE):
        rows = dataset.test.features[start : start + ROWS_AT_ONCE]
        inputs = raw_inputs(rows, schema.features)
        answer = signature(**{name: tf.constant(values) for name, values in inputs.items()})
        outputs = [answer[name].numpy() for name in outputs_of(dataset.labels)]
        said.append(np.stack(outputs, axis=1))
    found = Predictions.of(dataset.test, dataset.labels, np.concatenate(said))
    for label, result in found.of_labels.items():
        title = f"{label}: {protocol_of(dataset, 'test', found)}"
        print_comparison(title, {card["model"]: result}, {}, result.metrics)


def _evaluate_images(version: Path, card: dict[str, Any], source: str | None) -> None:
    options = ImageOptions(**card["data"])
    if source is not None:
        options = replace(options, data=source)
    height, width, channels = card["shape"]
    dataset = options.split_of(options.open(), size=(height, width), in_colour=channels == 3)
    quiet_tensorflow()
    from kit.evaluation.images import image_protocol

    _evaluate_classes(
        version,
        card,
        dataset.name,
        dataset.classes,
        dataset.test.labels,
        lambda row: {"image": dataset.test.encoded(row)},
        image_protocol(dataset, "test"),
    )


def _evaluate_texts(version: Path, card: dict[str, Any], source: str | None) -> None:
    options = TextOptions(**card["data"])
    if source is not None:
        options = replace(options, data=source)
    dataset = options.split_of(options.open())
    quiet_tensorflow()
    from kit.evaluation.texts import text_protocol

    _evaluate_classes(
        version,
        card,
        dataset.name,
        dataset.classes,
        dataset.test.labels,
        lambda row: {"text": str(dataset.test.texts[row])},
        text_protocol(dataset, "test"),
    )


def _evaluate_classes(
    version: Path,
    card: dict[str, Any],
    name: str,
    classes: Sequence[str],
    labels: Any,
    example: Callable[[int], dict[str, Any]],
    protocol: str,
) -> None:
    """Ask for the best labels of every example of test.

    Args:
        version: the export.
        card: of it.
        name: of the data.
        classes: names, as the data number them.
        labels: int [examples].
        example: gives the inputs of one.
        protocol: how it is measured.
    """
    import numpy as np
    import tensorflow as tf

    from kit.evaluation import SHOWN, ClassPredictions

    # The signature's resources live as long as the model it belongs to.
    model = tf.saved_model.load(str(version))
    column = {of_model: number for number, of_model in enumerate(card["classes"])}
    if strange := [one for one in classes if one not in column]:
        raise UserError(
            f"The model does not know the class {strange[0]}.",
            where=name,
            expected=f"classes among: {', '.join(card['classes'])}",
            remedy="Evaluate it on examples of its own classes.",
        )
    numbers = np.array([column[one] for one in classes])
    # What is not among the best labels shares what is left.
    said = np.zeros((len(labels), len(column)))
    for start in range(0, len(said), EXAMPLES_AT_ONCE):
        rows = range(start, min(start + EXAMPLES_AT_ONCE, len(said)))
        batch = [example(row) for row in rows]
        inputs = {key: tf.constant([one[key] for one in batch]) for key in batch[0]}
        answer = model.signatures["serving_default"](**inputs)
        best = np.vectorize(lambda one: column[one.decode()])(answer["label"].numpy())
        probability = answer["probability"].numpy()
        others = max(1, len(column) - best.shape[1])
        said[rows] = np.clip(1 - probability.sum(axis=1, keepdims=True), 0, 1) / others
        np.put_along_axis(said[rows.start : rows.stop], best, probability, axis=1)
    found = ClassPredictions(numbers[labels], said)
    print_comparison(protocol, {card["model"]: found}, {}, SHOWN)
