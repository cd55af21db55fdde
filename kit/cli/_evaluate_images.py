"""Measuring the exports of recipes for images."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from kit.cli._evaluate_classes import evaluate_classes, numbers_of_classes
from kit.cli._measured import Metrics, Precisions
from kit.cli._read_again import read_again
from kit.console import DetectionOptions, ImageOptions, quiet_tensorflow

BOXED_AT_ONCE = 16


def evaluate_images(
    version: Path, card: dict[str, Any], source: str | None, trust: bool
) -> Metrics:
    """The measures of an exported classifier.

    Args:
        version: folder of the export.
        card: of the export.
        source: other data than it was trained on.
        trust: load it whatever it could do.

    Raises:
        UserError: the source cannot be read, or has a class that the model does not know.
    """
    height, width, channels = card["shape"]
    dataset = read_again(
        ImageOptions(**card["data"]),
        source,
        lambda o: o.split_of(o.open(), size=(height, width), in_colour=channels == 3),
    )
    quiet_tensorflow()
    from kit.evaluation.images import image_protocol

    return evaluate_classes(
        version,
        card,
        dataset,
        lambda row: {"image": dataset.test.encoded(row)},
        image_protocol(dataset, "test"),
        trust,
    )


def evaluate_detection(
    version: Path, card: dict[str, Any], source: str | None, trust: bool
) -> Precisions:
    """The measures of an exported detector.

    Args:
        version: folder of the export.
        card: of the export.
        source: other data than it was trained on.
        trust: load it whatever it could do.

    Raises:
        UserError: the source cannot be read, or has a class that the model does not know.
    """
    options = DetectionOptions(**{**card["data"], "classes": tuple(card["data"]["classes"])})
    dataset = read_again(options, source, DetectionOptions.dataset)
    quiet_tensorflow()
    import numpy as np
    import tensorflow as tf

    from kit.artefact import load_version
    from kit.evaluation.detection import Detections, average_precision, protocol_of

    signature = load_version(version, trust=trust).signatures["serving_default"]
    number = {name: place for place, name in enumerate(card["classes"])}
    of_data = np.array(numbers_of_classes(dataset.classes, number, dataset.name), np.int32)
    test = [replace(one, labels=of_data[one.labels]) for one in dataset.test]
    found = []
    for start in range(0, len(test), BOXED_AT_ONCE):
        images = test[start : start + BOXED_AT_ONCE]
        answer = signature(image=tf.constant([one.encoded() for one in images]))
        rows = (answer[name].numpy() for name in ("box", "label", "score"))
        for boxes, labels, scores in zip(*rows, strict=True):
            there = labels != b""
            numbers = [number[name.decode()] for name in labels[there]]
            found.append(Detections(boxes[there], np.array(numbers, np.int32), scores[there]))
    result = average_precision(test, found, list(number))
    return Precisions(
        protocol_of(dataset, "test"),
        str(card.get("recipe", "object-detection")),
        (result.at_half, result.mean),
        {name: (half, mean) for name, (mean, half) in result.of_class.items()},
    )
