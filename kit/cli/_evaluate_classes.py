"""Measuring an export that says of which class an example is."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kit.cli._measured import Metrics
from kit.errors import UserError

EXAMPLES_AT_ONCE = 256


def evaluate_classes(
    version: Path,
    card: dict[str, Any],
    dataset: Any,
    inputs: Callable[[int], dict[str, Any]],
    protocol: str,
    trust: bool,
) -> Metrics:
    """Ask for the best labels of every example of test and measure them.

    Args:
        version: folder of the export.
        card: of the export.
        dataset: has `name`, `classes` and `test`, of which `labels`.
        inputs: of the signature, of one example by its row.
        protocol: how it is measured.
        trust: load it whatever it could do.

    Raises:
        UserError: the data have a class that the model does not know.
    """
    import numpy as np
    import tensorflow as tf

    from kit.artefact import load_version
    from kit.evaluation import SHOWN, ClassPredictions

    # The signature's tables live as long as the model it belongs to.
    model = load_version(version, trust=trust)
    column = {name: number for number, name in enumerate(card["classes"])}
    numbers = np.array(numbers_of_classes(dataset.classes, column, dataset.name))
    # What is not among the best labels shares what is left.
    said = np.zeros((len(dataset.test), len(column)))
    for start in range(0, len(said), EXAMPLES_AT_ONCE):
        rows = range(start, min(start + EXAMPLES_AT_ONCE, len(said)))
        batch = [inputs(row) for row in rows]
        given = {name: tf.constant([one[name] for one in batch]) for name in batch[0]}
        answer = model.signatures["serving_default"](**given)
        best = np.vectorize(lambda name: column[name.decode()])(answer["label"].numpy())
        probability = answer["probability"].numpy()
        others = max(1, len(column) - best.shape[1])
        said[rows] = np.clip(1 - probability.sum(axis=1, keepdims=True), 0, 1) / others
        np.put_along_axis(said[rows.start : rows.stop], best, probability, axis=1)
    found = ClassPredictions(numbers[dataset.test.labels], said)
    return Metrics(protocol, card["model"], found, SHOWN)


def numbers_of_classes(classes: Sequence[str], known: Mapping[str, int], where: str) -> list[int]:
    """The model's numbers of the data's classes.

    Raises:
        UserError: the model does not know one.
    """
    if strange := [name for name in classes if name not in known]:
        raise UserError(
            f"The model does not know the class {strange[0]}.",
            where=where,
            expected=f"classes among: {', '.join(known)}",
            remedy="Evaluate it on examples of its own classes.",
        )
    return [known[name] for name in classes]
