"""What metrics.json holds of a classifier, whatever its examples are."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.evaluation._class_predictions import ACCURACY, ClassPredictions

CONFUSIONS = 10


def part_facts(protocol: str, found: ClassPredictions, nouns: str) -> dict[str, Any]:
    """The measures of a part.

    Args:
        protocol: how it was measured.
        found: what was said of it.
        nouns: what an example is, in the plural.
    """
    return {
        "protocol": protocol,
        "counts": {nouns: len(found.labels)},
        "metrics": found.estimates(),
    }


def of_classes(classes: Sequence[str], found: ClassPredictions, nouns: str) -> dict[str, Any]:
    """Examples, recall, precision and F1 of each class.

    Args:
        classes: names.
        found: what was said of test.
        nouns: what an example is, in the plural.
    """
    rows = found.confusion.sum(axis=1)
    return {
        name: {
            nouns: int(rows[number]),
            **{metric: float(values[number]) for metric, values in found.of_classes.items()},
        }
        for number, name in enumerate(classes)
    }


def confusions(classes: Sequence[str], found: ClassPredictions) -> list[dict[str, Any]]:
    """The most frequent mistakes, at most ten.

    Args:
        classes: names.
        found: what was said of test.
    """
    wrong = found.confusion - np.diag(np.diag(found.confusion))
    order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSIONS]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [
        {"is": classes[is_], "called": classes[called], "times": int(wrong[is_, called])}
        for is_, called in pairs
        if wrong[is_, called]
    ]


def best_baseline(baselines: Mapping[str, ClassPredictions]) -> str:
    """The one with the greatest accuracy."""
    found = {name: x.summary()[ACCURACY] for name, x in baselines.items()}
    return max(found, key=lambda name: found[name])


def counts_of_parts(
    classes: Sequence[str], labels: Mapping[str, NDArray[np.integer]]
) -> dict[str, Any]:
    """How many examples each part has, whole and of each class.

    Args:
        classes: names.
        labels: part to numbers of classes.
    """
    counts = {part: np.bincount(of, minlength=len(classes)) for part, of in labels.items()}
    return {
        "rows": sum(map(len, labels.values())),
        "rows_of_part": {part: len(of) for part, of in labels.items()},
        "classes": {
            name: {part: int(found[number]) for part, found in counts.items()}
            for number, name in enumerate(classes)
        },
    }
