"""Measuring the exports of recipes for pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kit.console import (
    DetectionOptions,
    ImageOptions,
    print_comparison,
    print_table,
    quiet_tensorflow,
)
from kit.errors import UserError

PICTURES_AT_ONCE, BOXED_AT_ONCE = 256, 16


def evaluate_images(version: Path, card: dict[str, Any], source: str | None) -> None:
    """Print the measures of an exported classifier.

    Args:
        version: folder of the export.
        card: of the export.
        source: other data than it was trained on.

    Raises:
        UserError: the source cannot be read, or has a class that the model does not know.
    """
    options = ImageOptions(**card["data"])
    if source is not None:
        options = replace(options, data=source)
    height, width, channels = card["shape"]
    dataset = options.split_of(options.open(), size=(height, width), in_colour=channels == 3)
    quiet_tensorflow()
    import numpy as np
    import tensorflow as tf

    from kit.evaluation import SHOWN, ClassPredictions
    from kit.evaluation.images import image_protocol

    signature = tf.saved_model.load(str(version)).signatures["serving_default"]
    column = {name: number for number, name in enumerate(card["classes"])}
    numbers = np.array(_numbers(dataset.classes, column, dataset.name))
    # What is not among the best labels shares what is left.
    said = np.zeros((len(dataset.test), len(column)))
    for start in range(0, len(said), PICTURES_AT_ONCE):
        rows = range(start, min(start + PICTURES_AT_ONCE, len(said)))
        answer = signature(image=tf.constant([dataset.test.encoded(row) for row in rows]))
        best = np.vectorize(lambda name: column[name.decode()])(answer["label"].numpy())
        probability = answer["probability"].numpy()
        others = max(1, len(column) - best.shape[1])
        said[rows] = np.clip(1 - probability.sum(axis=1, keepdims=True), 0, 1) / others
        np.put_along_axis(said[rows.start : rows.stop], best, probability, axis=1)
    found = ClassPredictions(numbers[dataset.test.labels], said)
    print_comparison(image_protocol(dataset, "test"), {card["model"]: found}, {}, SHOWN)


def evaluate_detection(version: Path, card: dict[str, Any], source: str | None) -> None:
    """Print the measures of an exported detector.

    Args:
        version: folder of the export.
        card: of the export.
        source: other data than it was trained on.

    Raises:
        UserError: the source cannot be read, or has a class that the model does not know.
    """
    options = DetectionOptions(**{**card["data"], "classes": tuple(card["data"]["classes"])})
    if source is not None:
        options = replace(options, data=source)
    dataset = options.dataset()
    quiet_tensorflow()
    import numpy as np
    import tensorflow as tf

    from kit.evaluation.detection import Found, average_precision, protocol_of

    signature = tf.saved_model.load(str(version)).signatures["serving_default"]
    number = {name: place for place, name in enumerate(card["classes"])}
    of_data = np.array(_numbers(dataset.classes, number, dataset.name), np.int32)
    test = [replace(one, labels=of_data[one.labels]) for one in dataset.test]
    found = []
    for start in range(0, len(test), BOXED_AT_ONCE):
        pictures = test[start : start + BOXED_AT_ONCE]
        answer = signature(image=tf.constant([one.encoded() for one in pictures]))
        rows = (answer[name].numpy() for name in ("box", "label", "score"))
        for boxes, labels, scores in zip(*rows, strict=True):
            there = labels != b""
            numbers = [number[name.decode()] for name in labels[there]]
            found.append(Found(boxes[there], np.array(numbers, np.int32), scores[there]))
    result = average_precision(test, found, list(number))
    table = [[name, f"{half:.4f}", f"{mean:.4f}"] for name, (mean, half) in result.of_class.items()]
    table.append(["mean", f"{result.at_half:.4f}", f"{result.mean:.4f}"])
    print_table(protocol_of(dataset, "test"), ["class", "AP50", "AP"], table)


def _numbers(classes: Sequence[str], known: Mapping[str, int], where: str) -> list[int]:
    """The model's numbers of the data's classes."""
    if strange := [name for name in classes if name not in known]:
        raise UserError(
            f"The model does not know the class {strange[0]}.",
            where=where,
            expected=f"classes among: {', '.join(known)}",
            remedy="Evaluate it on pictures of its own classes.",
        )
    return [known[name] for name in classes]
